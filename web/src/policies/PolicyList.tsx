import { useDeferredValue, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";

import { isAdministered } from "../spaces/SpaceSelect";
import { useSpaces } from "../spaces/spaces";
import { Problem } from "../ui/Problem";
import { spoken } from "./kinds";
import { NoEngine } from "./NoEngine";
import { PolicyForm } from "./PolicyForm";
import { usePolicies } from "./policies";

export function PolicyList() {
  const [address, setAddress] = useSearchParams();
  // the field has a state of its own: the address follows a little later
  const [text, setText] = useState(address.get("q") ?? "");
  const search = useDeferredValue(text);
  const policies = usePolicies(search);
  const rows =
    policies.data?.pages.flatMap((page) => page.searchPolicies?.edges ?? []) ??
    [];

  return (
    <main>
      <div className="bar">
        <h1>Policies</h1>
        <span className="actions">
          <input
            type="search"
            aria-label="Search policies"
            placeholder="Search policies"
            value={text}
            onChange={({ target: { value } }) => {
              setText(value);
              setAddress(value ? { q: value } : {}, { replace: true });
            }}
          />
          <NewPolicy />
        </span>
      </div>
      <NoEngine />
      <Problem error={policies.error} />
      {policies.isPending && <p aria-busy="true">Loading…</p>}
      {policies.isSuccess && rows.length === 0 && (
        <p className="empty">
          {search
            ? "No policy matches that search."
            : "There are no policies yet that you may see."}
        </p>
      )}
      <ul className="rows">
        {rows.map(({ node }) => (
          <li key={node.id}>
            <Link to={`/policies/${node.id}`} className="row">
              <span className="grow">
                <strong>{node.name}</strong>
                <small>
                  {node.spaceDetails.name}
                  {node.description ? ` · ${node.description}` : ""}
                </small>
              </span>
              <small>{many(node.attachedStacksCount)}</small>
              <span className="label">{spoken(node.type)}</span>
            </Link>
          </li>
        ))}
      </ul>
      {policies.hasNextPage && (
        <button
          onClick={() => void policies.fetchNextPage()}
          disabled={policies.isFetchingNextPage}
        >
          Show more
        </button>
      )}
    </main>
  );
}

function NewPolicy() {
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  if (!useSpaces().data?.some(isAdministered)) return null;
  return (
    <>
      <button className="primary" onClick={() => setOpen(true)}>
        New policy
      </button>
      {open && (
        <PolicyForm
          onClose={() => setOpen(false)}
          onCreated={(id) => navigate(`/policies/${id}`)}
        />
      )}
    </>
  );
}

function many(stacks: number): string {
  return stacks === 1 ? "1 stack" : `${stacks} stacks`;
}
