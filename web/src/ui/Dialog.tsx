import {
  useId,
  useLayoutEffect,
  useRef,
  type FormEvent,
  type ReactNode,
} from "react";
import { useMutation } from "@tanstack/react-query";

import { Problem } from "./Problem";
import "./dialog.css";

/** A question in front of the page. Escape closes it; the focus returns where it was. */
export function Dialog(props: {
  title: string;
  onClose: () => void;
  children: ReactNode;
}) {
  const { title, onClose, children } = props;
  const heading = useId();
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={heading}
      onCancel={(event) => {
        // Escape: before it is hidden, or who is quick opens what is still open here
        if (event.target !== element.current) return;
        event.preventDefault();
        onClose();
      }}
      onClose={(event) => {
        // said late: it may have been opened again, and dialogs inside bubble
        if (event.target === element.current && !element.current.open)
          onClose();
      }}
    >
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}

/** A dialog with fields: *send* what they say; closed when that went well.
 *
 * A function that *send* answers with is called in place of *onClose*.
 */
export function FormDialog(props: {
  title: string;
  action: string;
  danger?: boolean;
  send: (form: FormData) => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}) {
  const { title, action, danger = false, send, onClose, children } = props;
  const change = useMutation({
    mutationFn: send,
    onSuccess: (after) => (typeof after === "function" ? after() : onClose()),
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    change.mutate(new FormData(event.currentTarget));
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit} className="fields">
        {children}
        <Problem error={change.error} />
        <div className="actions end">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button
            className={danger ? "danger" : "primary"}
            disabled={change.isPending}
          >
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
