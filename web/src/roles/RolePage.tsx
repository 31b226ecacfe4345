import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link, useNavigate, useParams } from "react-router";

import { ask } from "../api/client";
import type { Action } from "../api/generated/graphql";
import { Problem } from "../ui/Problem";
import { ActionPicker } from "./ActionPicker";
import { mayRead } from "./actions";
import {
  CREATE_ROLE,
  UPDATE_ROLE,
  useActions,
  useRoles,
  type Role,
} from "./roles";

/** One role, or under the address `new` one that is to be. */
export function RolePage() {
  const { roleId = "" } = useParams();
  const roles = useRoles();
  const actions = useActions();
  const role = roles.data?.find(({ id }) => id === roleId);

  if (roles.isPending || actions.isPending)
    return <p aria-busy="true">Loading…</p>;
  const error = roles.error ?? actions.error;
  return (
    <>
      <nav aria-label="Breadcrumb">
        <Link to="/settings/roles">Roles</Link>
      </nav>
      <h1>{roleId === "new" ? "New role" : (role?.name ?? "Role")}</h1>
      <Problem error={error} />
      {!error && (role || roleId === "new") && (
        <RoleForm key={roleId} role={role} actions={actions.data ?? []} />
      )}
      {!error && !role && roleId !== "new" && (
        <p className="empty">There is no such role, or you may not see it.</p>
      )}
    </>
  );
}

function RoleForm(props: {
  role: Role | undefined;
  actions: readonly Action[];
}) {
  const { role, actions } = props;
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<ReadonlySet<Action>>(
    new Set(role?.actions),
  );
  const fixed = role?.isSystem ?? false;
  const save = useMutation({
    mutationFn: async (form: FormData) => {
      const input = {
        name: String(form.get("name")),
        description: String(form.get("description")),
        actions: [...chosen],
      };
      await (role
        ? ask(UPDATE_ROLE, { id: role.id, input })
        : ask(CREATE_ROLE, { input }));
    },
    onSuccess: () => navigate("/settings/roles"),
  });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    save.mutate(new FormData(event.currentTarget));
  }

  return (
    <form onSubmit={submit} className="fields">
      {fixed && <p>{role?.description} It is built in, and stays as it is.</p>}
      {!fixed && (
        <>
          <label>
            Name
            <input name="name" defaultValue={role?.name} required />
          </label>
          <label>
            Description
            <input name="description" defaultValue={role?.description ?? ""} />
          </label>
        </>
      )}
      <ActionPicker
        actions={fixed ? (role?.actions ?? []) : actions}
        chosen={chosen}
        fixed={fixed}
        onChange={setChosen}
      />
      {!fixed && !mayRead(chosen) && (
        <p className="note">
          Alone it allows nothing: <code>space:read</code> is missing, and who
          may not see a thing cannot act on it.
        </p>
      )}
      <Problem error={save.error} />
      {!fixed && (
        <div className="actions end stays">
          <small role="status" className="grow">
            {chosen.size === 1 ? "1 action" : `${chosen.size} actions`} chosen
          </small>
          <Link to="/settings/roles" className="button">
            Cancel
          </Link>
          <button className="primary" disabled={save.isPending}>
            {role ? "Save" : "Create"}
          </button>
        </div>
      )}
    </form>
  );
}
