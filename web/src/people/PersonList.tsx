import { useState } from "react";

import { RolesInShort } from "../roles/RoleBindings";
import { PolicyDecides } from "../settings/PolicyDecides";
import { State } from "../ui/State";
import { Problem } from "../ui/Problem";
import { Table } from "../ui/Table";
import { Ago } from "../ui/time";
import { Invite } from "./Invite";
import { PersonVerbs } from "./PersonVerbs";
import { usePeople, type Person } from "./people";

export function PersonList() {
  const people = usePeople();
  const [inviting, setInviting] = useState(false);
  return (
    <>
      <div className="bar">
        <h1>People</h1>
        <button className="primary" onClick={() => setInviting(true)}>
          Invite
        </button>
      </div>
      <p className="muted">
        Whoever is invited signs in through your identity provider, under the
        user name that is given here.
      </p>
      <PolicyDecides />
      <Problem error={people.error} />
      {people.isPending && <p aria-busy="true">Loading…</p>}
      {people.isSuccess && (
        <Table
          name="people"
          rows={people.data}
          textOf={(person) =>
            [
              person.username,
              person.name,
              person.invitationEmail,
              ...person.groups,
            ].join(" ")
          }
          empty="Nobody was invited yet, and nobody has come by a group."
          columns={[
            { head: "Name", cell: (person) => <Name person={person} /> },
            {
              head: "Status",
              cell: ({ status }) => <State state={status} />,
            },
            { head: "Groups", cell: ({ groups }) => groups.join(", ") || "—" },
            {
              head: "Last sign-in",
              cell: ({ lastLoginAt: at }) => (at ? <Ago at={at} /> : "never"),
            },
            {
              head: "Roles",
              cell: ({ ssoAdmin, roleBindings }) =>
                ssoAdmin ? (
                  "governs the account"
                ) : (
                  <RolesInShort bindings={roleBindings} />
                ),
            },
            {
              head: "Actions",
              cell: (person) => <PersonVerbs person={person} />,
            },
          ]}
        />
      )}
      {inviting && <Invite onClose={() => setInviting(false)} />}
    </>
  );
}

function Name({ person }: { person: Person }) {
  return (
    <>
      <strong>{person.username}</strong>
      {person.name && person.name !== person.username && (
        <small>{person.name}</small>
      )}
      {person.invitationEmail && person.invitationEmail !== person.username && (
        <small>{person.invitationEmail}</small>
      )}
    </>
  );
}
