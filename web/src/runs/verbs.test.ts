import { expect, test } from "vitest";

import { words } from "../ui/State";
import { ago } from "../ui/time";
import { word } from "./Changes";
import { verbsOf } from "./verbs";

test("only an unconfirmed run can be confirmed", () => {
  expect(verbsOf({ state: "UNCONFIRMED", canRetry: false })).toContain(
    "confirm",
  );
  expect(verbsOf({ state: "APPLYING", canRetry: false })).toEqual([]);
});

test("a failed run can be retried", () => {
  expect(verbsOf({ state: "FAILED", canRetry: true })).toEqual(["retry"]);
});

test("delete and create together are a replacement", () => {
  expect(word(["delete", "create"])).toBe("replace");
  expect(word(["update"])).toBe("update");
});

test("states and times are said in words", () => {
  expect(words("PREPARING_APPLY")).toBe("preparing apply");
  expect(ago(1000, 1000 + 7200)).toBe("2 hours ago");
  expect(ago(1000, 1002)).toBe("just now");
});
