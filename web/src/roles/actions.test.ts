import { expect, test } from "vitest";

import { byDomain, written } from "./actions";

test("actions are written as the documentation does", () => {
  expect(written("RUN_TRIGGER")).toBe("run:trigger");
  expect(written("WORKER_POOL_CREATE")).toBe("worker-pool:create");
  expect(written("WORKER_DRAIN_SET")).toBe("worker:drain-set");
});

test("the longest domain counts", () => {
  expect(written("TERRAFORM_PROVIDER_VERSION_REGISTER_PLATFORM")).toBe(
    "terraform-provider-version:register-platform",
  );
  expect(written("INTENT_RESOURCE_OPERATION_REVIEW")).toBe(
    "intent-resource-operation:review",
  );
});

test("an action of a domain that is not known yet is shown all the same", () => {
  expect(written("ROCKET_LAUNCH")).toBe("rocket:launch");
});

test("actions of a domain stand together", () => {
  const groups = byDomain(["RUN_STOP", "SPACE_READ", "RUN_RETRY"]);
  expect([...groups.entries()]).toEqual([
    ["run", ["RUN_STOP", "RUN_RETRY"]],
    ["space", ["SPACE_READ"]],
  ]);
});
