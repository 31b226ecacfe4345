// The tree of spaces, from the flat list that the API gives.

export interface InTree {
  id: string;
  name: string;
  parentSpace?: string | null;
}

export interface Branch<Space> {
  space: Space;
  children: Branch<Space>[];
}

/** Return the tree, by name; what has no parent in *spaces* is at the top. */
export function treeOf<Space extends InTree>(
  spaces: readonly Space[],
): Branch<Space>[] {
  const branches = new Map(
    spaces.map((space) => [space.id, { space, children: [] } as Branch<Space>]),
  );
  const top: Branch<Space>[] = [];
  for (const branch of branches.values()) {
    const parent = branches.get(branch.space.parentSpace ?? "");
    (parent?.children ?? top).push(branch);
  }
  const sort = (list: Branch<Space>[]) => {
    list.sort((one, other) => one.space.name.localeCompare(other.space.name));
    list.forEach(({ children }) => sort(children));
  };
  sort(top);
  return top;
}

/** Return the branches that match, and the way to each of them. */
export function pruned<Space>(
  branches: readonly Branch<Space>[],
  matches: (space: Space) => boolean,
): Branch<Space>[] {
  return branches.flatMap((branch) => {
    const children = pruned(branch.children, matches);
    return matches(branch.space) || children.length > 0
      ? [{ ...branch, children }]
      : [];
  });
}

/** Return the spaces from the top down to *id*, itself last; none if it is not there. */
export function wayTo<Space extends InTree>(
  spaces: readonly Space[],
  id: string,
): Space[] {
  const byId = new Map(spaces.map((space) => [space.id, space]));
  const way: Space[] = [];
  for (
    let space = byId.get(id);
    space && !way.includes(space);
    space = byId.get(space.parentSpace ?? "")
  )
    way.unshift(space);
  return way;
}

/** Say where a space is: "root / Platform / Production". */
export function pathOf(spaces: readonly InTree[], id: string): string {
  const way = wayTo(spaces, id);
  return way.length > 0 ? way.map(({ name }) => name).join(" / ") : id;
}

/** Return those of *spaces* under which *id* may be moved: not itself, not below it. */
export function possibleParents<Space extends InTree>(
  spaces: readonly Space[],
  id: string | null,
): Space[] {
  return spaces.filter(
    (space) => !wayTo(spaces, space.id).some((above) => above.id === id),
  );
}
