// What the fields above the trail ask of the API.

export interface Filters {
  actor: string;
  action: string;
  resource: string;
  from: string;
  to: string;
}

export const NO_FILTERS: Filters = {
  actor: "",
  action: "",
  resource: "",
  from: "",
  to: "",
};

interface Predicate {
  field: string;
  constraint: { stringMatches?: string[]; enumEquals?: string[] };
}

/** Return a condition for each field that says something; days are those of UTC. */
export function predicatesOf(filters: Filters): Predicate[] {
  const { actor, action, resource, from, to } = filters;
  const found: Predicate[] = [];
  const text = (field: string, value: string) => {
    if (value.trim())
      found.push({ field, constraint: { stringMatches: [value.trim()] } });
  };
  text("actor", actor);
  text("action", action);
  if (resource)
    found.push({
      field: "affectedResourceType",
      constraint: { enumEquals: [resource] },
    });
  if (from || to) text("createdAt", `${from}..${to}`);
  return found;
}

/** Return the JSON as people read it; what is none stays as it is. */
export function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
