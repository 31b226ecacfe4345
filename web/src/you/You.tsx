import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import {
  held,
  newBackupCodes,
  removeApp,
  removeKey,
  type Held,
} from "../session/factors";
import { useSession } from "../session/session";
import { ConfirmButton } from "../ui/ConfirmButton";
import { Problem } from "../ui/Problem";
import { BackupCodes } from "./BackupCodes";
import { AppForm, KeyAdder } from "./Enrol";

/** Who one is here, and with what one proves it. */
export function You() {
  const session = useSession();
  const person = ["OIDC", "SAML"].includes(session.data?.method ?? "");
  return (
    <main>
      <h1>{session.data?.name}</h1>
      {person ? (
        <OwnFactors />
      ) : (
        <p className="empty">
          Second factors are for people who come by an identity provider.
        </p>
      )}
    </main>
  );
}

function OwnFactors() {
  const cache = useQueryClient();
  const factors = useQuery({ queryKey: ["factors"], queryFn: held });
  const again = () => cache.invalidateQueries({ queryKey: ["factors"] });
  if (!factors.data) return <Problem error={factors.error} />;
  return (
    <div className="sections">
      <Keys held={factors.data} again={() => void again()} />
      <App held={factors.data} again={() => void again()} />
      <Codes held={factors.data} again={() => void again()} />
    </div>
  );
}

interface Part {
  held: Held;
  again: () => void;
}

function Keys({ held: { keys }, again }: Part) {
  return (
    <section className="panel" aria-label="Security keys">
      <h2>Security keys</h2>
      {keys.length === 0 && <p className="muted">None yet.</p>}
      <ul className="plain">
        {keys.map((key) => (
          <li key={key.id} className="bar">
            <span>{key.name}</span>
            <ConfirmButton
              label="Remove"
              name={`Remove ${key.name}`}
              title={`Remove ${key.name}?`}
              run={async () => {
                await removeKey(key.id);
                return again;
              }}
            >
              You cannot sign in with it any more.
            </ConfirmButton>
          </li>
        ))}
      </ul>
      <KeyAdder onDone={again} />
    </section>
  );
}

function App({ held: { app }, again }: Part) {
  return (
    <section className="panel" aria-label="Authenticator app">
      <h2>Authenticator app</h2>
      {app ? (
        <ConfirmButton
          label="Remove the app"
          title="Remove the authenticator app?"
          run={async () => {
            await removeApp();
            return again;
          }}
        >
          Its codes are good for nothing any more.
        </ConfirmButton>
      ) : (
        <AppForm onDone={again} />
      )}
    </section>
  );
}

function Codes({ held, again }: Part) {
  const [codes, setCodes] = useState<string[] | null>(null);
  const any = held.app || held.keys.length > 0;
  return (
    <section className="panel" aria-label="Backup codes left">
      <h2>Backup codes</h2>
      {codes ? (
        <BackupCodes
          codes={codes}
          onClose={() => {
            setCodes(null);
            again();
          }}
        />
      ) : (
        <>
          <p className="muted">
            {any
              ? `${held.backup_codes_left} left.`
              : "They come with a security key or an app."}
          </p>
          {any && (
            <ConfirmButton
              label="Make new ones"
              title="Make new backup codes?"
              run={async () => {
                const made = await newBackupCodes();
                return () => setCodes(made);
              }}
            >
              The old ones are good for nothing any more.
            </ConfirmButton>
          )}
        </>
      )}
    </section>
  );
}
