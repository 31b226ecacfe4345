import { useState } from "react";

import { Dialog } from "../ui/Dialog";
import { RoleBindings, type Binding } from "./RoleBindings";

/** A button that opens the roles of somebody, for a list of many. */
export function RolesButton(props: {
  holder: string;
  bindings: readonly Binding[];
  bind: (roleID: string, spaceID: string) => Promise<unknown>;
  unbind: (id: string) => Promise<unknown>;
}) {
  const { holder, ...rest } = props;
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <>
      <button
        type="button"
        aria-label={`Roles of ${holder}`}
        onClick={() => setOpen(true)}
      >
        Roles
      </button>
      {open && (
        <Dialog title={`Roles of ${holder}`} onClose={close}>
          <div className="fields">
            <RoleBindings {...rest} />
            <div className="actions end">
              <button type="button" onClick={close}>
                Done
              </button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}
