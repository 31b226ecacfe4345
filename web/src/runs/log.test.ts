import { expect, test } from "vitest";

import { LogText, pieces } from "./log";

const text = (given: string) =>
  pieces(given)
    .map((piece) => piece.text)
    .join("");

test("colours become classes", () => {
  expect(pieces("\x1b[32m+ made\x1b[0m plain")).toEqual([
    { text: "+ made", className: "ansi-green" },
    { text: " plain", className: "" },
  ]);
});

test("a hyperlink leaves only its text", () => {
  expect(text("\x1b]8;;javascript:alert(1)\x07click\x1b]8;;\x07")).toBe(
    "click",
  );
  expect(text("\x1b]8;;https://x\x1b\\click\x1b]8;;\x1b\\")).toBe("click");
});

test("cursor moves and titles leave nothing", () => {
  expect(text("a\x1b[2Jb\x1b[1;1Hc\x1b]0;title\x07d")).toBe("abcd");
});

test("markup stays text", () => {
  expect(text("<img src=x onerror=alert(1)>")).toBe(
    "<img src=x onerror=alert(1)>",
  );
});

test("a character may be cut between chunks", () => {
  const bytes = new TextEncoder().encode("größe ✓");
  const log = new LogText();
  const got = Array.from(bytes, (byte) => log.take(Uint8Array.of(byte))).join(
    "",
  );
  expect(got).toBe("größe ✓");
});

test("a colour may be cut between chunks", () => {
  const log = new LogText();
  const bytes = new TextEncoder().encode("a\x1b[31mred");
  const got = Array.from(bytes, (byte) => log.take(Uint8Array.of(byte))).join(
    "",
  );
  expect(got).toBe("a\x1b[31mred");
});
