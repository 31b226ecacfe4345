import { useState } from "react";

import { ask } from "../api/client";
import { RolesButton } from "../roles/RolesButton";
import { ConfirmButton } from "../ui/ConfirmButton";
import { InvitationLink } from "./InvitationLink";
import { SecurityKeys } from "./SecurityKeys";
import {
  BIND_PERSON,
  INVITE_AGAIN,
  REMOVE_PERSON,
  UNBIND_PERSON,
  type Person,
} from "./people";

export function PersonVerbs({ person }: { person: Person }) {
  const { id, username } = person;
  const [link, setLink] = useState<string | null>(null);
  return (
    <span className="actions">
      <RolesButton
        holder={username}
        bindings={person.roleBindings}
        bind={(roleID, spaceID) =>
          ask(BIND_PERSON, {
            input: { bindings: [{ userID: id, roleID, spaceID }] },
          })
        }
        unbind={(binding) => ask(UNBIND_PERSON, { id: binding })}
      />
      {person.securityKeys.length > 0 && <SecurityKeys person={person} />}
      {person.status !== "ACTIVE" && (
        <ConfirmButton
          label="Invite again"
          name={`Invite ${username} again`}
          title={`Invite ${username} again?`}
          run={async () => {
            const answer = await ask(INVITE_AGAIN, { id });
            return () =>
              setLink(answer.managedUserInviteAgain.invitationLink ?? null);
          }}
        >
          There will be a new link; the old one ends.
        </ConfirmButton>
      )}
      <ConfirmButton
        label="Remove"
        name={`Remove ${username}`}
        title={`Remove ${username}?`}
        run={() => ask(REMOVE_PERSON, { id })}
      >
        The roles and second factors of {username} are taken away, and their
        sessions end at once.
      </ConfirmButton>
      {link && (
        <InvitationLink
          link={link}
          person={username}
          onClose={() => setLink(null)}
        />
      )}
    </span>
  );
}
