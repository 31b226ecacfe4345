import { Link } from "react-router";

import { ask } from "../api/client";
import { ConfirmButton } from "../ui/ConfirmButton";
import { Problem } from "../ui/Problem";
import { Table } from "../ui/Table";
import { DELETE_ROLE, useRoles, type Role } from "./roles";

export function RoleList() {
  const roles = useRoles();
  return (
    <>
      <div className="bar">
        <h1>Roles</h1>
        <Link to="/settings/roles/new" className="button primary">
          New role
        </Link>
      </div>
      <p className="muted">
        A role is a set of actions. It is given to somebody in a space, and
        holds there and in all spaces below.
      </p>
      <Problem error={roles.error} />
      {roles.isPending && <p aria-busy="true">Loading…</p>}
      {roles.isSuccess && (
        <Table
          name="roles"
          rows={roles.data}
          textOf={({ name, slug, description }) =>
            [name, slug, description].join(" ")
          }
          empty="There are no roles that you may see."
          columns={[
            { head: "Name", cell: (role) => <Name role={role} /> },
            { head: "Kind", cell: kind },
            {
              head: "Given",
              cell: ({ roleBindingsCount: count }) => times(count),
            },
            { head: "Actions", cell: (role) => <Verbs role={role} /> },
          ]}
        />
      )}
    </>
  );
}

function Name({ role }: { role: Role }) {
  return (
    <>
      <Link to={`/settings/roles/${role.id}`}>{role.name}</Link>
      {role.description && <small>{role.description}</small>}
    </>
  );
}

function kind({ isSystem }: Role): string {
  return isSystem ? "built in" : "custom";
}

function times(count: number): string {
  return count === 1 ? "once" : count === 0 ? "to nobody" : `${count} times`;
}

function Verbs({ role }: { role: Role }) {
  if (role.isSystem) return null;
  return (
    <ConfirmButton
      label="Delete"
      name={`Delete role ${role.name}`}
      title={`Delete the role ${role.name}?`}
      run={() => ask(DELETE_ROLE, { id: role.id })}
    >
      Only a role that nobody holds can be deleted.
    </ConfirmButton>
  );
}
