import type { SpaceUserAccessLevel } from "../api/generated/graphql";

const SHOWN: Record<SpaceUserAccessLevel, [string, string]> = {
  NONE: ["no access", "muted"],
  READ: ["read", "busy"],
  WRITE: ["write", "attention"],
  ADMIN: ["admin", "good"],
};

/** What one is oneself in a space. */
export function Level({ level }: { level: SpaceUserAccessLevel }) {
  const [word, tone] = SHOWN[level];
  return (
    <span className={`state ${tone}`} title="Your access">
      {word}
    </span>
  );
}
