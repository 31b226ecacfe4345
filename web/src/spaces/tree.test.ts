import { expect, test } from "vitest";

import { pathOf, possibleParents, pruned, treeOf, wayTo } from "./tree";

const SPACES = [
  { id: "root", name: "root", parentSpace: null },
  { id: "web", name: "Web", parentSpace: "root" },
  { id: "data", name: "Data", parentSpace: "root" },
  { id: "prod", name: "Production", parentSpace: "web" },
];

test("the tree is in the order of names", () => {
  const [root] = treeOf(SPACES);
  expect(root?.children.map(({ space }) => space.name)).toEqual([
    "Data",
    "Web",
  ]);
});

test("a space whose parent is not to be seen is at the top", () => {
  const tree = treeOf(SPACES.slice(1));
  expect(tree.map(({ space }) => space.id)).toEqual(["data", "web"]);
});

test("a search keeps the way to what it finds, and nothing else", () => {
  const found = pruned(treeOf(SPACES), ({ id }) => id === "prod");
  expect(found[0]?.children.map(({ space }) => space.id)).toEqual(["web"]);
  expect(found[0]?.children[0]?.children).toHaveLength(1);
});

test("a path is said from the top", () => {
  expect(pathOf(SPACES, "prod")).toBe("root / Web / Production");
  expect(pathOf(SPACES, "gone")).toBe("gone");
});

test("a circle in the data ends", () => {
  const circle = [
    { id: "a", name: "a", parentSpace: "b" },
    { id: "b", name: "b", parentSpace: "a" },
  ];
  expect(wayTo(circle, "a")).toHaveLength(2);
});

test("a space cannot be moved into itself or below itself", () => {
  const offered = possibleParents(SPACES, "web").map(({ id }) => id);
  expect(offered).toEqual(["root", "data"]);
});
