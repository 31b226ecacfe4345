/** Say what went wrong, where it is seen and heard. */
export function Problem({ error }: { error: unknown }) {
  if (error === null || error === undefined) return null;
  return (
    <p role="alert" className="problem">
      {error instanceof Error ? error.message : String(error)}
    </p>
  );
}
