// What may be done to a run in the state it is in. The server decides; this only shows.

export type Verb = "confirm" | "discard" | "stop" | "retry";

const OFFERED: Record<string, Verb[]> = {
  QUEUED: ["discard"],
  READY: ["discard"],
  PREPARING: ["stop"],
  INITIALIZING: ["stop"],
  PLANNING: ["stop"],
  UNCONFIRMED: ["confirm", "discard"],
  REPLAN_REQUESTED: ["discard"],
  PREPARING_REPLAN: ["stop"],
};

export function verbsOf(run: { state: string; canRetry: boolean }): Verb[] {
  return OFFERED[run.state] ?? (run.canRetry ? ["retry"] : []);
}
