import { words } from "../ui/State";
import { useResourceTypes } from "./audit";
import { NO_FILTERS, type Filters } from "./predicates";

/** Conditions that all hold, beside the search in words. */
export function AuditFilters(props: {
  filters: Filters;
  onChange: (filters: Filters) => void;
}) {
  const { filters, onChange } = props;
  const types = useResourceTypes().data ?? [];
  const field = (name: keyof Filters) => ({
    value: filters[name],
    onChange: ({ target }: { target: { value: string } }) =>
      onChange({ ...filters, [name]: target.value }),
  });
  return (
    <details className="filters">
      <summary>Filters</summary>
      <div className="pair" role="group" aria-label="Filters">
        <label>
          Actor, to the letter
          <input {...field("actor")} />
        </label>
        <label>
          Action, to the letter
          <input placeholder="stack.create" {...field("action")} />
        </label>
        <label>
          About
          <select {...field("resource")}>
            <option value="">anything</option>
            {types.map((type) => (
              <option key={type} value={type}>
                {words(type)}
              </option>
            ))}
          </select>
        </label>
        <label>
          From (UTC)
          <input type="date" {...field("from")} />
        </label>
        <label>
          To (UTC)
          <input type="date" {...field("to")} />
        </label>
        <button type="button" onClick={() => onChange(NO_FILTERS)}>
          Clear
        </button>
      </div>
    </details>
  );
}
