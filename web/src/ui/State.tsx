const TONES: Record<string, string> = {
  FINISHED: "good",
  FAILED: "bad",
  UNCONFIRMED: "attention",
  STOPPED: "muted",
  CANCELED: "muted",
  DISCARDED: "muted",
  NONE: "muted",
  ACTIVE: "good",
  EXPIRED: "bad",
  INACTIVE: "muted",
};

/** The state of a run or stack: a word, with a colour that only repeats it. */
export function State({ state }: { state: string }) {
  return (
    <span className={`state ${TONES[state] ?? "busy"}`}>{words(state)}</span>
  );
}

/** Return a state as people say it: PREPARING_APPLY is "preparing apply". */
export function words(state: string): string {
  return state === "NONE"
    ? "no runs yet"
    : state.toLowerCase().replaceAll("_", " ");
}
