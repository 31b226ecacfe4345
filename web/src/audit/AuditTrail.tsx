import { useDeferredValue, useState } from "react";
import { Link } from "react-router";

import { Problem } from "../ui/Problem";
import { words } from "../ui/State";
import { Ago } from "../ui/time";
import { AuditFilters } from "./AuditFilters";
import { useTrail, type Entry } from "./audit";
import { NO_FILTERS, readable } from "./predicates";
import "./audit.css";

export function AuditTrail() {
  const [text, setText] = useState("");
  const [filters, setFilters] = useState(NO_FILTERS);
  const trail = useTrail(useDeferredValue(text), useDeferredValue(filters));
  const entries =
    trail.data?.pages.flatMap(
      ({ searchAuditTrailEntries: found }) => found?.edges ?? [],
    ) ?? [];
  return (
    <>
      <div className="bar">
        <h1>Audit</h1>
        <input
          type="search"
          aria-label="Search the trail"
          placeholder="Search the trail"
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
      </div>
      <p className="muted">What was changed, by whom, the newest first.</p>
      <AuditFilters filters={filters} onChange={setFilters} />
      <Problem error={trail.error} />
      {trail.isPending && <p aria-busy="true">Loading…</p>}
      {trail.isSuccess && entries.length === 0 && (
        <p className="empty">No entry matches.</p>
      )}
      <ul className="rows" aria-label="Entries">
        {entries.map(({ node }) => (
          <li key={node.id}>
            <OneEntry entry={node} />
          </li>
        ))}
      </ul>
      {trail.hasNextPage && (
        <button
          onClick={() => void trail.fetchNextPage()}
          disabled={trail.isFetchingNextPage}
        >
          Load more
        </button>
      )}
    </>
  );
}

function OneEntry({ entry }: { entry: Entry }) {
  const { actor, affectedResource: thing, relatedResource: other } = entry;
  return (
    <details className="entry">
      <summary>
        <span className="grow">
          <strong>{entry.action}</strong>
          <small>
            {actor.username} · {named(thing)}
            {other && ` · ${named(other)}`}
          </small>
        </span>
        <Ago at={entry.createdAt} />
      </summary>
      {actor.run && (
        <p>
          By{" "}
          <Link to={`/stack/${actor.run.stackId}/run/${actor.run.id}`}>
            a run of {actor.run.stackId}
          </Link>
        </p>
      )}
      <pre>{entry.body ? readable(entry.body) : "No details."}</pre>
    </details>
  );
}

function named(thing: Entry["affectedResource"]): string {
  const kind = words(thing.resourceType);
  return thing.resourceId ? `${kind} ${thing.resourceId}` : kind;
}
