// Actions as people read them: RUN_TRIGGER is "trigger" in the domain "run".

// Longest first: TERRAFORM_PROVIDER_VERSION_CREATE is of a version, not of a provider.
const DOMAINS = [
  "terraform-provider-version",
  "terraform-provider",
  "intent-resource-operation",
  "intent-resource",
  "intent-dependencies",
  "intent-policy",
  "intent-project",
  "intent-state",
  "drift-detection-integration",
  "spacelift-vcs",
  "worker-pool",
];

export interface ActionName {
  domain: string;
  verb: string;
}

export function nameOf(action: string): ActionName {
  const text = action.toLowerCase().replaceAll("_", "-");
  const domain =
    DOMAINS.find((one) => text.startsWith(`${one}-`)) ??
    text.split("-", 1)[0] ??
    text;
  return { domain, verb: text.slice(domain.length + 1) };
}

/** Whether these let somebody see things at all; writing and governing do, too. */
export function mayRead(actions: ReadonlySet<string>): boolean {
  return ["SPACE_READ", "SPACE_WRITE", "SPACE_ADMIN"].some((one) =>
    actions.has(one),
  );
}

/** Return the action as the documentation writes it: `run:trigger`. */
export function written(action: string): string {
  const { domain, verb } = nameOf(action);
  return `${domain}:${verb}`;
}

/** Return the actions by domain, both in the order they came in. */
export function byDomain<Action extends string>(
  actions: readonly Action[],
): Map<string, Action[]> {
  const groups = new Map<string, Action[]>();
  for (const action of actions) {
    const { domain } = nameOf(action);
    groups.set(domain, [...(groups.get(domain) ?? []), action]);
  }
  return groups;
}
