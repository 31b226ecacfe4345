import { useQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import type { GroupsQuery } from "../api/generated/graphql";

const GROUPS = graphql(`
  query Groups {
    managedUserGroups {
      id
      groupName
      description
      accessRules {
        space
        spaceAccessLevel
      }
      roleBindings {
        id
        spaceID
        role {
          name
        }
      }
    }
  }
`);

export const CREATE_GROUP = graphql(`
  mutation CreateGroup($input: ManagedUserGroupCreateInput!) {
    managedUserGroupCreate(input: $input) {
      id
    }
  }
`);

export const UPDATE_GROUP = graphql(`
  mutation UpdateGroup($input: ManagedUserGroupUpdateInput!) {
    managedUserGroupUpdate(input: $input) {
      id
    }
  }
`);

export const DELETE_GROUP = graphql(`
  mutation DeleteGroup($id: ID!) {
    managedUserGroupDelete(id: $id) {
      id
    }
  }
`);

export const BIND_GROUP = graphql(`
  mutation BindGroup($input: UserGroupRoleBindingInput!) {
    userGroupRoleBindingCreate(input: $input) {
      id
    }
  }
`);

export const UNBIND_GROUP = graphql(`
  mutation UnbindGroup($id: ID!) {
    userGroupRoleBindingDelete(id: $id) {
      id
    }
  }
`);

export type Group = GroupsQuery["managedUserGroups"][number];

export function useGroups() {
  return useQuery({
    queryKey: ["groups"],
    queryFn: async () => (await ask(GROUPS, {})).managedUserGroups,
  });
}
