import { useQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import { RoleBindings } from "../roles/RoleBindings";
import { useRoles } from "../roles/roles";
import { Problem } from "../ui/Problem";

const BINDINGS = graphql(`
  query StackRoles($id: ID!) {
    stack(id: $id) {
      administrative
      roleBindings {
        id
        role {
          name
        }
        space {
          id
        }
      }
    }
  }
`);

const BIND = graphql(`
  mutation BindStack($input: StackRoleBindingInput!) {
    stackRoleBindingCreate(input: $input) {
      id
    }
  }
`);

const UNBIND = graphql(`
  mutation UnbindStack($id: ID!) {
    stackRoleBindingDelete(id: $id) {
      id
    }
  }
`);

/** What the runs of a stack may do here; for those who may give roles somewhere. */
export function StackRoles({ stackId }: { stackId: string }) {
  const roles = useRoles();
  const held = useQuery({
    queryKey: ["stack", stackId, "roles"],
    queryFn: async () => (await ask(BINDINGS, { id: stackId })).stack,
    enabled: (roles.data?.length ?? 0) > 0,
  });
  if (!held.data && !held.error) return null;
  const bindings = (held.data?.roleBindings ?? []).map(
    ({ id, role, space }) => ({ id, role, spaceID: space.id }),
  );
  return (
    <section aria-labelledby="roles">
      <h2 id="roles">Roles of this stack</h2>
      <p className="muted">
        {held.data?.administrative
          ? "This stack is administrative: its runs govern its space and those below, and roles do not count."
          : "What its runs may do here, when they use this API: to create other stacks, for instance."}
      </p>
      <Problem error={held.error} />
      <RoleBindings
        bindings={bindings}
        bind={(roleID, spaceID) =>
          ask(BIND, { input: { stackID: stackId, roleID, spaceID } })
        }
        unbind={(id) => ask(UNBIND, { id })}
      />
    </section>
  );
}
