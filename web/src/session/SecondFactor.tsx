import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";

import { Problem } from "../ui/Problem";
import { AppForm, KeyAdder } from "../you/Enrol";
import { held, proveByCode, proveByKey } from "./factors";
import { useSignOut } from "./session";

function useGoOn(): () => Promise<void> {
  const cache = useQueryClient();
  return () => cache.invalidateQueries({ queryKey: ["session"] });
}

/** What somebody shows after the identity provider has let them in. */
export function ProveFactor() {
  const goOn = useGoOn();
  const factors = useQuery({ queryKey: ["factors"], queryFn: held });
  const byCode = useMutation({ mutationFn: proveByCode, onSuccess: goOn });
  const byKey = useMutation({ mutationFn: proveByKey, onSuccess: goOn });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const said = new FormData(event.currentTarget).get("code");
    byCode.mutate(String(said).trim());
  }

  return (
    <Half title="One more step">
      {factors.data && factors.data.keys.length > 0 && (
        <div className="panel">
          <button
            className="primary"
            disabled={byKey.isPending}
            onClick={() => byKey.mutate()}
          >
            Use a security key
          </button>
          <Problem error={byKey.error} />
        </div>
      )}
      <form onSubmit={submit} className="panel">
        <label>
          Code of your authenticator app, or a backup code
          <input
            name="code"
            autoComplete="one-time-code"
            inputMode="text"
            required
            autoFocus
          />
        </label>
        <Problem error={byCode.error ?? factors.error} />
        <button disabled={byCode.isPending}>Go on</button>
      </form>
    </Half>
  );
}

/** For whoever must have a second factor and has none yet. */
export function EnrolFactor() {
  const goOn = useGoOn();
  return (
    <Half title="Set up a second factor">
      <p>
        This account asks everybody for one. Register a security key, or an
        authenticator app.
      </p>
      <div className="panel">
        <KeyAdder onDone={() => void goOn()} />
      </div>
      <div className="panel">
        <AppForm onDone={() => void goOn()} />
      </div>
    </Half>
  );
}

function Half(props: { title: string; children: React.ReactNode }) {
  const signOut = useSignOut();
  return (
    <main className="narrow">
      <h1>{props.title}</h1>
      {props.children}
      <p className="other-ways">
        <button className="link" onClick={() => void signOut()}>
          Sign out
        </button>
      </p>
    </main>
  );
}
