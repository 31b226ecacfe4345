// Turn the bytes of a log into pieces of text with colours, and nothing else.

import Anser from "anser";

export interface Piece {
  text: string;
  className: string;
}

// Everything that starts with ESC and is not a colour: hyperlinks, titles, cursor moves.
const FOREIGN =
  // eslint-disable-next-line no-control-regex
  /\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\|$)|[PX^_][^\x1b]*(?:\x1b\\|$)|\[[0-9;:<=>?]*[ -/]*[@-ln-~]|[^[\]PX^_])/g;
// A sequence that is cut off at the end of what has arrived so far.
// eslint-disable-next-line no-control-regex
const UNFINISHED = /\x1b(?:\[[0-9;:<=>?]*[ -/]*|\][^\x07\x1b]*|)$/;

/** Return coloured pieces of *text*; the caller shows them as text, never as markup. */
export function pieces(text: string): Piece[] {
  return Anser.ansiToJson(text.replace(FOREIGN, ""), { use_classes: true })
    .filter((part) => part.content !== "")
    .map((part) => ({
      text: part.content,
      className: [part.fg, part.bg, ...part.decorations]
        .filter((name): name is string => Boolean(name))
        .map((name) => `ansi-${name.replace(/^ansi-/, "")}`)
        .join(" "),
    }));
}

/** Decodes bytes as they come: characters and colours may be cut anywhere. */
export class LogText {
  private readonly decoder = new TextDecoder();
  private rest = "";

  /** Return the text that is complete with these bytes. */
  take(bytes: Uint8Array): string {
    const text = this.rest + this.decoder.decode(bytes, { stream: true });
    const cut = UNFINISHED.exec(text);
    this.rest = cut ? text.slice(cut.index) : "";
    return cut ? text.slice(0, cut.index) : text;
  }
}
