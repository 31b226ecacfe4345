import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";

import { SpaceSelect, Unchosen, isAdministered } from "../spaces/SpaceSelect";
import { useSpaces } from "../spaces/spaces";
import { pathOf } from "../spaces/tree";
import { Problem } from "../ui/Problem";
import { useRoles } from "./roles";
import "./roles.css";

export interface Binding {
  id: string;
  role: { name: string };
  spaceID: string;
}

/** Which roles somebody holds where, with a way to give one more and to take one. */
export function RoleBindings(props: {
  bindings: readonly Binding[];
  bind: (roleID: string, spaceID: string) => Promise<unknown>;
  unbind: (id: string) => Promise<unknown>;
}) {
  const { bindings, bind, unbind } = props;
  const spaces = useSpaces().data ?? [];
  const give = useMutation({
    mutationFn: (form: FormData) =>
      bind(String(form.get("role")), String(form.get("space"))),
  });
  const take = useMutation({ mutationFn: unbind });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    take.reset();
    give.mutate(new FormData(event.currentTarget));
  }

  return (
    <>
      {bindings.length === 0 && <p className="muted">No roles yet.</p>}
      <ul className="bindings" aria-label="Roles held">
        {bindings.map(({ id, role, spaceID }) => (
          <li key={id}>
            <span>
              <strong>{role.name}</strong> in {pathOf(spaces, spaceID)}
            </span>
            <button
              type="button"
              aria-label={`Take ${role.name} in ${pathOf(spaces, spaceID)}`}
              disabled={take.isPending}
              onClick={() => {
                give.reset();
                take.mutate(id);
              }}
            >
              Take away
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={submit} className="pair">
        <RoleSelect />
        <SpaceSelect name="space" label="Space" among={isAdministered} />
        <button className="primary" disabled={give.isPending}>
          Give role
        </button>
      </form>
      <Problem error={give.error ?? take.error} />
    </>
  );
}

function RoleSelect() {
  const roles = useRoles().data ?? [];
  return (
    <label>
      Role
      <select name="role" defaultValue="" required>
        <Unchosen />
        {roles.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The roles of somebody, in a word each, for a list of many. */
export function RolesInShort({ bindings }: { bindings: readonly Binding[] }) {
  const spaces = useSpaces().data ?? [];
  if (bindings.length === 0) return <span className="muted">none</span>;
  return bindings.map(({ id, role, spaceID }) => (
    <div key={id}>
      {role.name} <small className="inline">in {nameOf(spaces, spaceID)}</small>
    </div>
  ));
}

function nameOf(spaces: readonly { id: string; name: string }[], id: string) {
  return spaces.find((space) => space.id === id)?.name ?? id;
}
