import { useState } from "react";

import { ask } from "../api/client";
import type { SpaceAccessLevel } from "../api/generated/graphql";
import { SpaceSelect, isAdministered } from "../spaces/SpaceSelect";
import { FormDialog } from "../ui/Dialog";
import { InvitationLink } from "./InvitationLink";
import { INVITE } from "./people";

interface Invited {
  username: string;
  link: string;
}

/** Ask whom to invite, then show the link. */
export function Invite({ onClose }: { onClose: () => void }) {
  const [invited, setInvited] = useState<Invited | null>(null);
  if (invited) {
    return (
      <InvitationLink
        link={invited.link}
        person={invited.username}
        onClose={onClose}
      />
    );
  }
  return <InviteForm onClose={onClose} onInvited={setInvited} />;
}

function InviteForm(props: {
  onClose: () => void;
  onInvited: (invited: Invited) => void;
}) {
  const { onClose, onInvited } = props;
  const [rules, setRules] = useState([0]);

  async function send(form: FormData) {
    const username = String(form.get("username")).trim();
    const levels = form.getAll("level");
    const answer = await ask(INVITE, {
      input: {
        username,
        invitationEmail: String(form.get("email")).trim() || null,
        accessRules: form.getAll("space").map((space, index) => ({
          space: String(space),
          spaceAccessLevel: String(levels[index]) as SpaceAccessLevel,
        })),
      },
    });
    const link = answer.managedUserInvite?.invitationLink;
    return () => (link ? onInvited({ username, link }) : onClose());
  }

  return (
    <FormDialog
      title="Invite somebody"
      action="Invite"
      send={send}
      onClose={onClose}
    >
      <label>
        User name, as your identity provider says it
        <input name="username" autoComplete="off" required autoFocus />
      </label>
      <label>
        E-mail address
        <input name="email" type="email" autoComplete="off" />
      </label>
      {rules.map((rule) => (
        <div key={rule} className="pair" role="group" aria-label="Access">
          <SpaceSelect name="space" label="Space" among={isAdministered} />
          <label>
            Access
            <select name="level">
              <option value="READ">Read</option>
              <option value="WRITE">Write</option>
              <option value="ADMIN">Admin</option>
            </select>
          </label>
          <button
            type="button"
            onClick={() => setRules(rules.filter((one) => one !== rule))}
          >
            Leave out
          </button>
        </div>
      ))}
      <button
        type="button"
        className="link"
        onClick={() => setRules([...rules, Math.max(-1, ...rules) + 1])}
      >
        {rules.length === 0 ? "Give access to a space" : "One more space"}
      </button>
    </FormDialog>
  );
}
