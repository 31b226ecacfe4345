import { useQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import type { KeysQuery } from "../api/generated/graphql";

const KEYS = graphql(`
  query Keys {
    apiKeys {
      id
      name
      description
      type
      admin
      creator
      createdAt
      lastUsedAt
      deleted
      teams
      apiKeyRoleBindings {
        id
        spaceID
        role {
          name
        }
      }
      oidcSettings {
        issuer
        clientId
        subjectExpression
        claimMapping {
          entries {
            name
            value
          }
        }
      }
    }
  }
`);

export const CREATE_KEY = graphql(`
  mutation CreateKey($input: ApiKeyInput!) {
    apiKeyCreate(input: $input) {
      id
      name
      secret
      credentialsFile
    }
  }
`);

export const ROTATE_KEY = graphql(`
  mutation RotateKey($id: ID!) {
    apiKeyRotate(id: $id) {
      id
      name
      secret
      credentialsFile
    }
  }
`);

export const UPDATE_KEY = graphql(`
  mutation UpdateKey($id: ID!, $input: ApiKeyUpdateInput!) {
    apiKeyUpdate(id: $id, input: $input) {
      id
    }
  }
`);

export const DELETE_KEY = graphql(`
  mutation DeleteKey($id: ID!) {
    apiKeyDelete(id: $id) {
      id
    }
  }
`);

export const BIND_KEY = graphql(`
  mutation BindKey($input: ApiKeyRoleBindingInput!) {
    apiKeyRoleBindingCreate(input: $input) {
      id
    }
  }
`);

export const UNBIND_KEY = graphql(`
  mutation UnbindKey($id: ID!) {
    apiKeyRoleBindingDelete(id: $id) {
      id
    }
  }
`);

export type Key = KeysQuery["apiKeys"][number];

/** What the server says of a key once, when it is made or rotated. */
export interface NewKey {
  id: string;
  name: string;
  secret?: string | null;
  credentialsFile?: string | null;
}

/** The keys that there are; what was deleted opens nothing any more. */
export function useKeys() {
  return useQuery({
    queryKey: ["keys"],
    queryFn: async () =>
      (await ask(KEYS, {})).apiKeys.filter(({ deleted }) => !deleted),
  });
}
