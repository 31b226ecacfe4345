import { useState, type ReactNode } from "react";

import { FormDialog } from "./Dialog";

/** A button for what cannot be undone: it asks first, and names what would happen.
 *
 * A function that *run* answers with is called once the question is gone.
 */
export function ConfirmButton(props: {
  label: string;
  title: string;
  action?: string;
  name?: string;
  disabled?: boolean;
  run: () => Promise<unknown>;
  children: ReactNode;
}) {
  const { label, title, action = label, name, run, children } = props;
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        aria-label={name}
        disabled={props.disabled}
        onClick={() => setAsking(true)}
      >
        {label}
      </button>
      {asking && (
        <FormDialog
          title={title}
          action={action}
          danger
          send={async () => {
            const after = await run();
            return () => {
              setAsking(false);
              if (typeof after === "function") after();
            };
          }}
          onClose={() => setAsking(false)}
        >
          <p>{children}</p>
        </FormDialog>
      )}
    </>
  );
}
