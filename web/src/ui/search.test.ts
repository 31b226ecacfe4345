import { expect, test } from "vitest";

import { listed, matching } from "./search";

const people = ["Ada Lovelace", "Grace Hopper"];

test("every word must be there, in any order and case", () => {
  expect(matching(people, "LOVE ada", (name) => name)).toEqual([
    "Ada Lovelace",
  ]);
  expect(matching(people, "ada hopper", (name) => name)).toEqual([]);
});

test("an empty search hides nothing", () => {
  expect(matching(people, "  ", (name) => name)).toEqual(people);
});

test("a list is told by commas and lines, without blanks and doubles", () => {
  expect(listed(" a, b\nc,,a ")).toEqual(["a", "b", "c"]);
  expect(listed(" ")).toEqual([]);
});
