import { listed } from "../ui/search";

export interface Mapping {
  entries: readonly { name: string; value: string }[];
}

/** Return the mapping in which each of these claims names groups. */
export function mappingOf(claims: string) {
  return {
    entries: listed(claims).map((name) => ({ name, value: "groups" })),
  };
}

/** Return the claims of a mapping as they are typed. */
export function claimsOf(mapping: Mapping | null | undefined): string {
  return (mapping?.entries ?? []).map(({ name }) => name).join(", ");
}
