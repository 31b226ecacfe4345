import type { InTree } from "./tree";

export interface Holder {
  kind: string;
  name: string;
  bindings: readonly { id: string; spaceID: string; role: { name: string } }[];
}

export interface Held<Space> {
  id: string;
  kind: string;
  name: string;
  role: string;
  space: Space;
}

/** Return who holds what in the last space of *way*: roles go down, always. */
export function holdersIn<Space extends InTree>(
  way: readonly Space[],
  holders: readonly Holder[],
): Held<Space>[] {
  const spaces = new Map(way.map((space) => [space.id, space]));
  return holders.flatMap(({ kind, name, bindings }) =>
    bindings.flatMap(({ id, spaceID, role }) => {
      const space = spaces.get(spaceID);
      return space ? [{ id, kind, name, role: role.name, space }] : [];
    }),
  );
}
