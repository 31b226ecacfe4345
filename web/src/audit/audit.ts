import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import type { AuditTrailQuery } from "../api/generated/graphql";
import { predicatesOf, type Filters } from "./predicates";

const TRAIL = graphql(`
  query AuditTrail($input: SearchInput!) {
    searchAuditTrailEntries(input: $input) {
      edges {
        node {
          id
          action
          eventType
          createdAt
          body
          actor {
            username
            run {
              id
              stackId
            }
          }
          affectedResource {
            resourceId
            resourceType
          }
          relatedResource {
            resourceId
            resourceType
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

const RESOURCES = graphql(`
  query AuditResources {
    __type(name: "AuditTrailResourceType") {
      enumValues {
        name
      }
    }
  }
`);

type Trail = NonNullable<AuditTrailQuery["searchAuditTrailEntries"]>;
export type Entry = Trail["edges"][number]["node"];

/** The trail, the newest first, as far as somebody has read on. */
export function useTrail(text: string, filters: Filters) {
  return useInfiniteQuery({
    queryKey: ["audit", text, filters],
    queryFn: ({ pageParam }) =>
      ask(TRAIL, {
        input: {
          first: 50,
          after: pageParam,
          fullTextSearch: text.trim() || null,
          predicates: predicatesOf(filters),
        },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ searchAuditTrailEntries: found }) =>
      found?.pageInfo.hasNextPage ? (found.pageInfo.endCursor ?? null) : null,
    placeholderData: keepPreviousData,
  });
}

/** What an entry can be about, as the server knows it. */
export function useResourceTypes() {
  return useQuery({
    queryKey: ["audit-resources"],
    queryFn: async () =>
      ((await ask(RESOURCES, {})).__type?.enumValues ?? []).map(
        ({ name }) => name,
      ),
    staleTime: Infinity,
  });
}
