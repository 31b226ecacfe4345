import { useQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import type { PeopleQuery } from "../api/generated/graphql";

const PEOPLE = graphql(`
  query People {
    managedUsers {
      id
      username
      name
      invitationEmail
      status
      ssoAdmin
      loginMethod
      lastLoginAt
      groups
      securityKeys {
        id
        name
        createdAt
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

export const INVITE = graphql(`
  mutation Invite($input: ManagedUserInviteInput!) {
    managedUserInvite(input: $input) {
      id
      invitationLink
    }
  }
`);

export const INVITE_AGAIN = graphql(`
  mutation InviteAgain($id: ID!) {
    managedUserInviteAgain(id: $id) {
      id
      invitationLink
    }
  }
`);

export const REMOVE_PERSON = graphql(`
  mutation RemovePerson($id: ID!) {
    managedUserDelete(id: $id) {
      id
    }
  }
`);

export const REMOVE_SECURITY_KEY = graphql(`
  mutation RemoveSecurityKey($id: ID!) {
    securityKeyDelete(id: $id) {
      id
    }
  }
`);

export const BIND_PERSON = graphql(`
  mutation BindPerson($input: UserRoleBindingBatchInput!) {
    userRoleBindingBatchCreate(input: $input) {
      id
    }
  }
`);

export const UNBIND_PERSON = graphql(`
  mutation UnbindPerson($id: ID!) {
    userRoleBindingDelete(id: $id) {
      id
    }
  }
`);

export type Person = PeopleQuery["managedUsers"][number];

export function usePeople() {
  return useQuery({
    queryKey: ["people"],
    queryFn: async () => (await ask(PEOPLE, {})).managedUsers,
  });
}
