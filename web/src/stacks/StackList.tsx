import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { Link, useSearchParams } from "react-router";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import { Problem } from "../ui/Problem";
import { State } from "../ui/State";
import { Ago } from "../ui/time";

const STACKS = graphql(`
  query Stacks($input: SearchInput!) {
    searchStacks(input: $input) {
      edges {
        node {
          id
          name
          description
          state
          stateSetAt
          branch
          repository
          labels
          isDisabled
          lockedBy
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`);

export function StackList() {
  const [address, setAddress] = useSearchParams();
  // the field has a state of its own: the address follows a little later
  const [text, setText] = useState(address.get("q") ?? "");
  const search = useDeferredValue(text);
  const stacks = useInfiniteQuery({
    queryKey: ["stacks", search],
    queryFn: ({ pageParam }) =>
      ask(STACKS, {
        input: {
          first: 50,
          after: pageParam,
          fullTextSearch: search || null,
          orderBy: { field: "name", direction: "ASC" },
        },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ searchStacks: found }) =>
      found?.pageInfo.hasNextPage ? (found.pageInfo.endCursor ?? null) : null,
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });
  const rows =
    stacks.data?.pages.flatMap((page) => page.searchStacks?.edges ?? []) ?? [];

  return (
    <main>
      <div className="bar">
        <h1>Stacks</h1>
        <input
          type="search"
          aria-label="Search stacks"
          placeholder="Search stacks"
          value={text}
          onChange={({ target: { value } }) => {
            setText(value);
            setAddress(value ? { q: value } : {}, { replace: true });
          }}
        />
      </div>
      <Problem error={stacks.error} />
      {stacks.isPending && <p aria-busy="true">Loading…</p>}
      {stacks.isSuccess && rows.length === 0 && (
        <Nothing searched={search !== ""} />
      )}
      <ul className="rows">
        {rows.map(({ node }) => (
          <li key={node.id}>
            <Link to={`/stack/${node.id}`} className="row">
              <span className="grow">
                <strong>{node.name}</strong>
                <small>
                  {node.repository} · {node.branch}
                  {node.lockedBy ? ` · locked by ${node.lockedBy}` : ""}
                  {node.isDisabled ? " · disabled" : ""}
                </small>
              </span>
              {node.stateSetAt ? <Ago at={node.stateSetAt} /> : null}
              <State state={node.state} />
            </Link>
          </li>
        ))}
      </ul>
      {stacks.hasNextPage && (
        <button
          onClick={() => void stacks.fetchNextPage()}
          disabled={stacks.isFetchingNextPage}
        >
          Show more
        </button>
      )}
    </main>
  );
}

function Nothing({ searched }: { searched: boolean }) {
  return searched ? (
    <p className="empty">No stack matches that search.</p>
  ) : (
    <p className="empty">
      There are no stacks yet. Create one through the API, the Terraform
      provider or <code>spacectl</code>; <code>make demo</code> shows how.
    </p>
  );
}
