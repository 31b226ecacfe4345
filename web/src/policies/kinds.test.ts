import { expect, test } from "vitest";

import { attachesTo, spoken } from "./kinds";

test("a policy without a label for it attaches itself to nothing", () => {
  expect(attachesTo([])).toBeNull();
  expect(attachesTo(["net", "autoattach:"])).toBeNull();
});

test("which stacks a policy attaches itself to is said by their labels", () => {
  expect(attachesTo(["autoattach:net", "x", "autoattach:db"])).toBe(
    "stacks that reach it and have the label net or db",
  );
});

test("whatever goes to all stacks goes to those of a label, too", () => {
  expect(attachesTo(["autoattach:net", "autoattach:*"])).toBe(
    "all stacks that reach it",
  );
});

test("types are said in words", () => {
  expect(spoken("GIT_PUSH")).toBe("git push");
});
