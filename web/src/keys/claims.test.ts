import { expect, test } from "vitest";

import { claimsOf, mappingOf } from "./claims";

test("what is typed of claims comes back as it was", () => {
  expect(mappingOf("teams,  cognito:groups")).toEqual({
    entries: [
      { name: "teams", value: "groups" },
      { name: "cognito:groups", value: "groups" },
    ],
  });
  expect(claimsOf(mappingOf("teams,  cognito:groups"))).toBe(
    "teams, cognito:groups",
  );
});

test("no claims are no entries", () => {
  expect(mappingOf(" ")).toEqual({ entries: [] });
  expect(claimsOf(null)).toBe("");
});
