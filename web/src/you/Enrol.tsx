import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { addKey, confirmApp, newApp } from "../session/factors";
import { Problem } from "../ui/Problem";
import { BackupCodes } from "./BackupCodes";

/** Registers a security key under a name. */
export function KeyAdder({ onDone }: { onDone: () => void }) {
  const add = useMutation({ mutationFn: addKey, onSuccess: onDone });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    add.mutate(String(new FormData(event.currentTarget).get("name")).trim());
  }
  return (
    <form onSubmit={submit} className="fields">
      <label>
        Name of the security key
        <input name="name" autoComplete="off" maxLength={100} required />
      </label>
      <Problem error={add.error} />
      <button disabled={add.isPending}>Register a security key</button>
    </form>
  );
}

/** Sets an authenticator app up: a secret, the first code, and then backup codes. */
export function AppForm({ onDone }: { onDone: () => void }) {
  const begin = useMutation({ mutationFn: newApp });
  const confirm = useMutation({ mutationFn: confirmApp });
  const [seen, setSeen] = useState(false);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const said = new FormData(event.currentTarget).get("code");
    confirm.mutate(String(said).trim());
  }

  if (confirm.data && !seen) {
    return (
      <BackupCodes
        codes={confirm.data}
        onClose={() => {
          setSeen(true);
          onDone();
        }}
      />
    );
  }
  if (!begin.data) {
    return (
      <>
        <Problem error={begin.error} />
        <button disabled={begin.isPending} onClick={() => begin.mutate()}>
          Set up an authenticator app
        </button>
      </>
    );
  }
  return (
    <form onSubmit={submit} className="fields">
      <p>
        Open <a href={begin.data.uri}>this link</a> on the phone, or type the
        key into the app:
      </p>
      <code className="secret">{begin.data.secret}</code>
      <label>
        The code that it shows
        <input
          name="code"
          autoComplete="one-time-code"
          inputMode="numeric"
          required
          autoFocus
        />
      </label>
      <Problem error={confirm.error} />
      <button className="primary" disabled={confirm.isPending}>
        Confirm
      </button>
    </form>
  );
}
