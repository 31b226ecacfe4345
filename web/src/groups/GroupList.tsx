import { useState } from "react";

import { ask } from "../api/client";
import { RolesInShort } from "../roles/RoleBindings";
import { RolesButton } from "../roles/RolesButton";
import { PolicyDecides } from "../settings/PolicyDecides";
import { ConfirmButton } from "../ui/ConfirmButton";
import { Problem } from "../ui/Problem";
import { Table } from "../ui/Table";
import { GroupForm } from "./GroupForm";
import {
  BIND_GROUP,
  DELETE_GROUP,
  UNBIND_GROUP,
  useGroups,
  type Group,
} from "./groups";

export function GroupList() {
  const groups = useGroups();
  const [making, setMaking] = useState(false);
  return (
    <>
      <div className="bar">
        <h1>Groups</h1>
        <button className="primary" onClick={() => setMaking(true)}>
          New group
        </button>
      </div>
      <p className="muted">
        Groups of your identity provider. Whoever is in one may sign in without
        an invitation, and has its roles.
      </p>
      <PolicyDecides />
      <Problem error={groups.error} />
      {groups.isPending && <p aria-busy="true">Loading…</p>}
      {groups.isSuccess && (
        <Table
          name="groups"
          rows={groups.data}
          textOf={({ groupName, description }) => `${groupName} ${description}`}
          empty="No group of your identity provider has rights here yet."
          columns={[
            { head: "Name", cell: (group) => <Name group={group} /> },
            {
              head: "Roles",
              cell: ({ roleBindings }) => (
                <RolesInShort bindings={roleBindings} />
              ),
            },
            { head: "Actions", cell: (group) => <Verbs group={group} /> },
          ]}
        />
      )}
      {making && <GroupForm onClose={() => setMaking(false)} />}
    </>
  );
}

function Name({ group }: { group: Group }) {
  return (
    <>
      <strong className="exact">{group.groupName}</strong>
      {group.description && <small>{group.description}</small>}
    </>
  );
}

function Verbs({ group }: { group: Group }) {
  const { id, groupName } = group;
  const [changing, setChanging] = useState(false);
  return (
    <span className="actions">
      <RolesButton
        holder={groupName}
        bindings={group.roleBindings}
        bind={(roleID, spaceID) =>
          ask(BIND_GROUP, { input: { userGroupID: id, roleID, spaceID } })
        }
        unbind={(binding) => ask(UNBIND_GROUP, { id: binding })}
      />
      <button
        aria-label={`Describe ${groupName}`}
        onClick={() => setChanging(true)}
      >
        Describe
      </button>
      <ConfirmButton
        label="Delete"
        name={`Delete ${groupName}`}
        title={`Delete the group ${groupName}?`}
        run={() => ask(DELETE_GROUP, { id })}
      >
        Whoever is in it loses its roles at once. The group stays with your
        identity provider.
      </ConfirmButton>
      {changing && (
        <GroupForm group={group} onClose={() => setChanging(false)} />
      )}
    </span>
  );
}
