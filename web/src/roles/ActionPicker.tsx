import { useDeferredValue, useState } from "react";

import type { Action } from "../api/generated/graphql";
import { matching } from "../ui/search";
import { byDomain, nameOf, written } from "./actions";
import "./roles.css";

/** All actions by domain, to be ticked. What a search hides stays ticked. */
export function ActionPicker(props: {
  actions: readonly Action[];
  chosen: ReadonlySet<Action>;
  fixed: boolean;
  onChange: (chosen: ReadonlySet<Action>) => void;
}) {
  const { actions, chosen, fixed, onChange } = props;
  const [text, setText] = useState("");
  const found = matching(actions, useDeferredValue(text), written);

  function set(some: readonly Action[], wanted: boolean) {
    const next = new Set(chosen);
    for (const action of some)
      if (wanted) next.add(action);
      else next.delete(action);
    onChange(next);
  }

  return (
    <div role="group" aria-label="Actions">
      <input
        type="search"
        aria-label="Search actions"
        placeholder="Search actions"
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      {found.length === 0 && (
        <p className="empty">No action matches that search.</p>
      )}
      <div className="domains">
        {[...byDomain(found)].map(([domain, some]) => (
          <Domain
            key={domain}
            domain={domain}
            actions={some}
            chosen={chosen}
            fixed={fixed}
            onSet={set}
          />
        ))}
      </div>
    </div>
  );
}

function Domain(props: {
  domain: string;
  actions: readonly Action[];
  chosen: ReadonlySet<Action>;
  fixed: boolean;
  onSet: (some: readonly Action[], wanted: boolean) => void;
}) {
  const { domain, actions, chosen, fixed, onSet } = props;
  const all = actions.every((action) => chosen.has(action));
  return (
    <fieldset disabled={fixed}>
      <legend>{domain}</legend>
      {actions.map((action) => (
        <label key={action} className="check">
          <input
            type="checkbox"
            aria-label={written(action)}
            checked={chosen.has(action)}
            onChange={({ target }) => onSet([action], target.checked)}
          />
          <span>{nameOf(action).verb}</span>
        </label>
      ))}
      {!fixed && actions.length > 1 && (
        <button
          type="button"
          className="link"
          aria-label={`${all ? "None" : "All"} of ${domain}`}
          onClick={() => onSet(actions, !all)}
        >
          {all ? "None" : "All"}
        </button>
      )}
    </fieldset>
  );
}
