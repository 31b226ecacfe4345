import { expect, test } from "vitest";

import { agent } from "./agent";

test("a browser is said as people say it", () => {
  expect(agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")).toBe(
    "Firefox on Linux",
  );
});

test("who claims to be others is told by the claim of its own", () => {
  expect(
    agent("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140"),
  ).toBe("Edge on Windows");
  expect(
    agent("Mozilla/5.0 (Linux; Android 15) Chrome/140 Mobile Safari/537"),
  ).toBe("Chrome on Android");
});

test("what is no browser stays as it is", () => {
  expect(agent("spacectl/1.2")).toBe("spacectl/1.2");
});
