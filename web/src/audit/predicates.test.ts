import { expect, test } from "vitest";

import { NO_FILTERS, predicatesOf, readable } from "./predicates";

test("fields that say nothing ask nothing", () => {
  expect(predicatesOf({ ...NO_FILTERS, actor: "  " })).toEqual([]);
});

test("each field that says something is a condition", () => {
  expect(
    predicatesOf({ ...NO_FILTERS, actor: "ada", resource: "SPACE" }),
  ).toEqual([
    { field: "actor", constraint: { stringMatches: ["ada"] } },
    { field: "affectedResourceType", constraint: { enumEquals: ["SPACE"] } },
  ]);
});

test("either end of a time may be left out", () => {
  const [since] = predicatesOf({ ...NO_FILTERS, from: "2026-11-01" });
  expect(since?.constraint.stringMatches).toEqual(["2026-11-01.."]);
  const [until] = predicatesOf({ ...NO_FILTERS, to: "2026-11-30" });
  expect(until?.constraint.stringMatches).toEqual(["..2026-11-30"]);
});

test("details are laid out, and shown as they are if they are no JSON", () => {
  expect(readable('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(readable("not it")).toBe("not it");
});
