import { useQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import { useIsAdmin } from "../session/session";
import { Problem } from "../ui/Problem";
import { Table } from "../ui/Table";
import { holdersIn, type Holder } from "./held";
import type { Space } from "./spaces";

const HOLDERS = graphql(`
  query Holders($keys: Boolean!) {
    managedUsers {
      username
      roleBindings {
        id
        spaceID
        role {
          name
        }
      }
    }
    managedUserGroups {
      groupName
      roleBindings {
        id
        spaceID
        role {
          name
        }
      }
    }
    apiKeys @include(if: $keys) {
      name
      apiKeyRoleBindings {
        id
        spaceID
        role {
          name
        }
      }
    }
  }
`);

/** Who holds roles in a space: given there, or in a space above. */
export function Holders({ way }: { way: readonly Space[] }) {
  const keys = useIsAdmin(); // others may not ask for them
  const found = useQuery({
    queryKey: ["holders", keys],
    queryFn: () => ask(HOLDERS, { keys }),
  });
  const here = way.at(-1)?.id;
  const holders: Holder[] = [
    ...(found.data?.managedUsers ?? []).map((user) => ({
      kind: "person",
      name: user.username,
      bindings: user.roleBindings,
    })),
    ...(found.data?.managedUserGroups ?? []).map((group) => ({
      kind: "group",
      name: group.groupName,
      bindings: group.roleBindings,
    })),
    ...(found.data?.apiKeys ?? []).map((key) => ({
      kind: "API key",
      name: key.name,
      bindings: key.apiKeyRoleBindings,
    })),
  ];
  return (
    <section aria-labelledby="holders">
      <h2 id="holders">Who holds roles here</h2>
      <Problem error={found.error} />
      {found.isSuccess && (
        <Table
          name="holders"
          rows={holdersIn(way, holders)}
          textOf={({ name, kind, role }) => `${name} ${kind} ${role}`}
          empty="Nobody was given a role here or above."
          columns={[
            { head: "Name", cell: ({ name }) => name },
            { head: "Is", cell: ({ kind }) => kind },
            { head: "Role", cell: ({ role }) => role },
            {
              head: "Given",
              cell: ({ space }) =>
                space.id === here ? "here" : `in ${space.name}`,
            },
          ]}
        />
      )}
      {!keys && <small>API keys are shown to account administrators.</small>}
    </section>
  );
}
