import { expect, test } from "vitest";

import { wayBack } from "./session";

test("only paths of this site lead back", () => {
  expect(wayBack("?return_to=%2Fcli_login%3Fkey%3Da%26port%3D1")).toBe(
    "/cli_login?key=a&port=1",
  );
  for (const elsewhere of [
    "",
    "?return_to=https://evil.example",
    "?return_to=//evil.example",
    "?return_to=/\\evil.example",
    "?return_to=/%09/evil.example",
    "?return_to=%0A//evil.example",
    "?return_to=/%0D/evil.example",
  ]) {
    expect(wayBack(elsewhere)).toBeNull();
  }
});
