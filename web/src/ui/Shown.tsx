import { useRef, useState } from "react";

/** A text that is shown once, to be copied: a secret, or a link. */
export function Shown({ label, value }: { label: string; value: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);

  async function copy() {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      // pages without https have no clipboard; what is selected can be copied by hand
      return;
    }
    setCopied(true);
  }

  return (
    <div className="shown">
      <label>
        {label}
        <input
          ref={field}
          readOnly
          value={value}
          onFocus={({ target }) => target.select()}
        />
      </label>
      <button
        type="button"
        aria-label={`Copy ${label}`}
        onClick={() => void copy()}
      >
        Copy
      </button>
      <small role="status">{copied ? "Copied." : ""}</small>
    </div>
  );
}
