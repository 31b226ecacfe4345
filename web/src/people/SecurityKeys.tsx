import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { ask } from "../api/client";
import { Dialog } from "../ui/Dialog";
import { Problem } from "../ui/Problem";
import { Ago } from "../ui/time";
import { REMOVE_SECURITY_KEY, type Person } from "./people";

/** Somebody's second factors, for when they have lost one. */
export function SecurityKeys({ person }: { person: Person }) {
  const { username, securityKeys } = person;
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  const remove = useMutation({
    mutationFn: (id: string) => ask(REMOVE_SECURITY_KEY, { id }),
  });
  return (
    <>
      <button
        type="button"
        aria-label={`Security keys of ${username}`}
        onClick={() => setOpen(true)}
      >
        Security keys
      </button>
      {open && (
        <Dialog title={`Security keys of ${username}`} onClose={close}>
          <div className="fields">
            <ul className="bindings">
              {securityKeys.map(({ id, name, createdAt }) => (
                <li key={id}>
                  <span>
                    <strong>{name}</strong>{" "}
                    <small>
                      since <Ago at={createdAt} />
                    </small>
                  </span>
                  <button
                    type="button"
                    aria-label={`Remove ${name}`}
                    disabled={remove.isPending}
                    onClick={() => remove.mutate(id)}
                  >
                    Remove
                  </button>
                </li>
              ))}
            </ul>
            <Problem error={remove.error} />
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
