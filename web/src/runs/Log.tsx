import { useEffect, useRef, useState } from "react";

import { bytesOf } from "../api/live";
import { LogText, pieces, type Piece } from "./log";

interface Props {
  run: string;
  version: number;
  open: boolean;
  label: string;
}

/** The log of one phase: follows the end while it grows, unless the reader scrolled up. */
export function Log({ run, version, open, label }: Props) {
  const [shown, setShown] = useState(open);
  return (
    <details
      open={shown}
      onToggle={(event) => setShown(event.currentTarget.open)}
      className="log"
    >
      <summary>{label}</summary>
      {shown && <Stream run={run} version={version} label={label} />}
    </details>
  );
}

function Stream({ run, version, label }: Omit<Props, "open">) {
  const [blocks, setBlocks] = useState<Piece[][]>([]);
  const [ended, setEnded] = useState(false);
  const box = useRef<HTMLPreElement>(null);
  const following = useRef(true);

  useEffect(() => {
    const text = new LogText();
    const source = new EventSource(`/runs/${run}/logs/${version}/stream`);
    setBlocks([]);
    source.addEventListener("chunk", (event: MessageEvent<string>) => {
      const block = pieces(text.take(bytesOf(event.data)));
      if (block.length > 0) setBlocks((before) => [...before, block]);
    });
    source.addEventListener("end", () => {
      source.close(); // or it would connect again and start from here for ever
      setEnded(true);
    });
    return () => source.close();
  }, [run, version]);

  useEffect(() => {
    if (following.current && box.current)
      box.current.scrollTop = box.current.scrollHeight;
  }, [blocks]);

  return (
    <pre
      ref={box}
      tabIndex={0}
      role="log"
      aria-label={label}
      onScroll={({ currentTarget: it }) => {
        following.current =
          it.scrollHeight - it.scrollTop - it.clientHeight < 40;
      }}
    >
      {blocks.map((block, index) => (
        <span key={index}>
          {block.map((piece, place) => (
            <span key={place} className={piece.className || undefined}>
              {piece.text}
            </span>
          ))}
        </span>
      ))}
      {blocks.length === 0 && (
        <span className="muted">{ended ? "Nothing was printed." : "…"}</span>
      )}
    </pre>
  );
}
