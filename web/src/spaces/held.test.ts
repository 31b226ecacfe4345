import { expect, test } from "vitest";

import { holdersIn } from "./held";

const root = { id: "root", name: "root" };
const web = { id: "web", name: "Web", parentSpace: "root" };
const role = { name: "Space reader" };

test("who holds a role above holds it here; who holds one beside does not", () => {
  const held = holdersIn(
    [root, web],
    [
      {
        kind: "person",
        name: "Ada",
        bindings: [{ id: "1", spaceID: "root", role }],
      },
      {
        kind: "group",
        name: "Ops",
        bindings: [{ id: "2", spaceID: "data", role }],
      },
    ],
  );
  expect(held.map(({ name, space }) => [name, space.id])).toEqual([
    ["Ada", "root"],
  ]);
});
