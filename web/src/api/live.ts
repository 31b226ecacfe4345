// Server-sent events: they resume by themselves where they broke off.

import { useEffect, useRef } from "react";

/** Call *changed* whenever something at *path* may have moved on. */
export function useHints(
  path: string | null,
  event: string,
  changed: () => void,
): void {
  const latest = useRef(changed);
  latest.current = changed;
  useEffect(() => {
    if (path === null) return;
    const source = new EventSource(path);
    source.addEventListener(event, () => latest.current());
    return () => source.close();
  }, [path, event]);
}

/** Decode base64 into the bytes it stands for. */
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
