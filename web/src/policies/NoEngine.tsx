import { useEngine } from "./policies";

/** Nobody should count on a policy that nothing evaluates. */
export function NoEngine() {
  if (useEngine().data !== "") return null;
  return (
    <p className="note">
      Policies are kept here, but nothing evaluates them yet: they guard
      nothing.
    </p>
  );
}
