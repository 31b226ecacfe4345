interface Delta {
  addCount: number;
  changeCount: number;
  deleteCount: number;
}

interface Group {
  resources: readonly {
    address: string;
    previousAddress?: string | null;
    actions: readonly string[];
  }[];
}

/** What the plan would do, resource by resource. */
export function Changes({
  delta,
  groups,
}: {
  delta: Delta;
  groups: readonly Group[];
}) {
  const resources = groups.flatMap((group) => group.resources);
  return (
    <section aria-labelledby="changes">
      <h2 id="changes">Planned changes</h2>
      <p>
        <strong>{delta.addCount}</strong> to add,{" "}
        <strong>{delta.changeCount}</strong> to change,{" "}
        <strong>{delta.deleteCount}</strong> to destroy
      </p>
      {resources.length > 0 && (
        <ul className="changes">
          {resources.map((resource) => (
            <li key={resource.address} data-action={word(resource.actions)}>
              <span className="action">{word(resource.actions)}</span>{" "}
              <code>{resource.address}</code>
              {resource.previousAddress && (
                <small> moved from {resource.previousAddress}</small>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Return one word for what Terraform says in a list. */
export function word(actions: readonly string[]): string {
  return actions.length > 1 ? "replace" : (actions[0] ?? "none");
}
