import { useQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import type { Action, RolesQuery } from "../api/generated/graphql";

const ROLES = graphql(`
  query Roles {
    roles {
      id
      slug
      isSystem
      name
      description
      actions
      roleBindingsCount
    }
  }
`);

const ACTIONS = graphql(`
  query Actions {
    __type(name: "Action") {
      enumValues {
        name
      }
    }
  }
`);

export const CREATE_ROLE = graphql(`
  mutation CreateRole($input: RoleInput!) {
    roleCreate(input: $input) {
      id
    }
  }
`);

export const UPDATE_ROLE = graphql(`
  mutation UpdateRole($id: ID!, $input: RoleUpdateInput!) {
    roleUpdate(id: $id, input: $input) {
      id
    }
  }
`);

export const DELETE_ROLE = graphql(`
  mutation DeleteRole($id: ID!) {
    roleDelete(id: $id) {
      id
    }
  }
`);

export type Role = RolesQuery["roles"][number];

/** All roles; none to those who administer no space. */
export function useRoles() {
  return useQuery({
    queryKey: ["roles"],
    queryFn: async () => (await ask(ROLES, {})).roles,
  });
}

/** All that can be allowed, as the server knows it. */
export function useActions() {
  return useQuery({
    queryKey: ["actions"],
    queryFn: async () => {
      const { __type: found } = await ask(ACTIONS, {});
      return (found?.enumValues ?? []).map(({ name }) => name as Action);
    },
    staleTime: Infinity,
  });
}
