import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import type { PolicyQuery } from "../api/generated/graphql";

const POLICIES = graphql(`
  query Policies($input: SearchInput!) {
    searchPolicies(input: $input) {
      edges {
        node {
          id
          name
          description
          type
          labels
          attachedStacksCount
          spaceDetails {
            name
          }
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`);

const POLICY = graphql(`
  query Policy($id: ID!) {
    policy(id: $id) {
      id
      name
      description
      type
      engineType
      body
      labels
      updatedAt
      spaceDetails {
        id
        name
        accessLevel
      }
      attachedStacks {
        id
        stackId
        stackName
        isModule
        isAutoattached
      }
    }
  }
`);

const RUNTIME = graphql(`
  query PolicyRuntime {
    policyRuntime {
      openPolicyAgentVersion
    }
  }
`);

const ATTACHABLE = graphql(`
  query AttachableStacks {
    stacks {
      id
      name
    }
  }
`);

export const CREATE_POLICY = graphql(`
  mutation CreatePolicy($input: PolicyCreateInput!) {
    policyCreatev2(input: $input) {
      id
    }
  }
`);

export const UPDATE_POLICY = graphql(`
  mutation UpdatePolicy($id: ID!, $input: PolicyUpdateInput!) {
    policyUpdatev2(id: $id, input: $input) {
      id
    }
  }
`);

export const DELETE_POLICY = graphql(`
  mutation DeletePolicy($id: ID!) {
    policyDelete(id: $id) {
      id
    }
  }
`);

export const ATTACH_POLICY = graphql(`
  mutation AttachPolicy($id: ID!, $stack: ID!) {
    policyAttach(id: $id, stack: $stack) {
      id
    }
  }
`);

export const DETACH_POLICY = graphql(`
  mutation DetachPolicy($id: ID!) {
    policyDetach(id: $id) {
      id
    }
  }
`);

export type Policy = NonNullable<PolicyQuery["policy"]>;
export type Attached = Policy["attachedStacks"][number];

/** A page after the other of those that have every word of *search*. */
export function usePolicies(search: string) {
  return useInfiniteQuery({
    queryKey: ["policies", search],
    queryFn: ({ pageParam }) =>
      ask(POLICIES, {
        input: {
          first: 50,
          after: pageParam,
          fullTextSearch: search || null,
          orderBy: { field: "name", direction: "ASC" },
        },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ searchPolicies: found }) =>
      found?.pageInfo.hasNextPage ? (found.pageInfo.endCursor ?? null) : null,
    placeholderData: keepPreviousData,
  });
}

export function usePolicy(id: string) {
  return useQuery({
    queryKey: ["policies", "one", id],
    queryFn: async () => (await ask(POLICY, { id })).policy ?? null,
  });
}

/** The engine's version; "" if there is none, and policies are only kept. */
export function useEngine() {
  return useQuery({
    queryKey: ["policyRuntime"],
    queryFn: async () =>
      (await ask(RUNTIME, {})).policyRuntime.openPolicyAgentVersion,
    staleTime: Infinity,
  });
}

export function useStacks() {
  return useQuery({
    queryKey: ["stacks", "attachable"],
    queryFn: async () => (await ask(ATTACHABLE, {})).stacks,
  });
}
