import type { PolicyType } from "../api/generated/graphql";

/** What each type of policy decides; those that nobody should begin are left out. */
export const KINDS = {
  APPROVAL: "Approval: who must agree before a run goes on",
  GIT_PUSH: "Push: which pushes and pull requests make runs",
  LOGIN: "Login: who may come in, and with which roles",
  NOTIFICATION: "Notification: who is told of what",
  PLAN: "Plan: which changes are refused, or warned of",
  TRIGGER: "Trigger: which stacks run after a run",
} satisfies Partial<Record<PolicyType, string>>;

const AUTOATTACH = "autoattach:";

/** Return in words which stacks a policy attaches itself to; null: to none. */
export function attachesTo(labels: readonly string[]): string | null {
  const named = labels
    .filter((label) => label.startsWith(AUTOATTACH))
    .map((label) => label.slice(AUTOATTACH.length))
    .filter(Boolean);
  if (named.length === 0) return null;
  if (named.includes("*")) return "all stacks that reach it";
  return `stacks that reach it and have the label ${named.join(" or ")}`;
}

/** Return a type as it is said: `GIT_PUSH` is a git push policy. */
export function spoken(type: PolicyType): string {
  return type.toLowerCase().replaceAll("_", " ");
}
