import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";

import { ask } from "../api/client";
import { ConfirmButton } from "../ui/ConfirmButton";
import { Problem } from "../ui/Problem";
import { Setting } from "./Setting";
import { SignOn } from "./SignOn";
import {
  ALLOW_SPACE_CREATION,
  ENFORCE_SECOND_FACTOR,
  SET_SECURITY_EMAIL,
  SET_STRATEGY,
  useAccount,
} from "./account";

export function SignInSettings() {
  const account = useAccount();
  return (
    <>
      <h1>Sign-in</h1>
      <Problem error={account.error} />
      {account.isPending && <p aria-busy="true">Loading…</p>}
      {account.data && (
        <div className="sections">
          <SignOn />
          <Strategy strategy={account.data.managementStrategy} />
          <SecondFactor enforced={account.data.secondFactorEnforced} />
          <SpaceCreation
            allowed={account.data.allowNonRootAdminSpaceCreation}
          />
          <SecurityEmail email={account.data.securityEmail} />
        </div>
      )}
    </>
  );
}

function Strategy({
  strategy,
}: {
  strategy: "USER_MANAGEMENT" | "LOGIN_POLICY";
}) {
  const managed = strategy === "USER_MANAGEMENT";
  return (
    <Setting
      title="Who decides what people may do"
      now={managed ? "people and groups" : "login policy"}
      about={
        managed
          ? "The roles on the pages People and Groups. A login policy does not count."
          : "A login policy, at each sign-in. The roles on the pages People and Groups do not count."
      }
    >
      <ConfirmButton
        label={
          managed ? "Let a login policy decide" : "Let people and groups decide"
        }
        title="Change who decides?"
        action="Change"
        run={() =>
          ask(SET_STRATEGY, {
            strategy: managed ? "LOGIN_POLICY" : "USER_MANAGEMENT",
          })
        }
      >
        What others may do can change at once, and all sessions but yours end.
      </ConfirmButton>
    </Setting>
  );
}

function SecondFactor({ enforced }: { enforced: boolean }) {
  return (
    <Setting
      title="Second factor"
      now={enforced ? "asked of everybody" : "as people like"}
      about="A security key or the device itself, after the identity provider has let somebody in."
    >
      <ConfirmButton
        label={enforced ? "Ask no more" : "Ask everybody"}
        title={
          enforced
            ? "Ask for no second factor?"
            : "Ask everybody for a second factor?"
        }
        run={() => ask(ENFORCE_SECOND_FACTOR, { enforced: !enforced })}
      >
        {enforced
          ? "People may then sign in without one."
          : "All sessions but yours end; at their next sign-in, people have to register one."}
      </ConfirmButton>
    </Setting>
  );
}

function SpaceCreation({ allowed }: { allowed: boolean }) {
  const change = useMutation({
    mutationFn: () => ask(ALLOW_SPACE_CREATION, { allowed: !allowed }),
  });
  return (
    <Setting
      title="Spaces"
      now={
        allowed
          ? "made by their administrators"
          : "made by account administrators"
      }
      about="Whether whoever administers a space may make, move and delete spaces below it. Those inherit, always."
    >
      <button disabled={change.isPending} onClick={() => change.mutate()}>
        {allowed ? "Leave it to account administrators" : "Allow it to them"}
      </button>
      <Problem error={change.error} />
    </Setting>
  );
}

function SecurityEmail({ email }: { email: string }) {
  const save = useMutation({
    mutationFn: (wanted: string) => ask(SET_SECURITY_EMAIL, { email: wanted }),
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    save.mutate(String(new FormData(event.currentTarget).get("email")).trim());
  }
  return (
    <Setting
      title="Security e-mail"
      about="Where whoever finds a weakness, or a misuse, reaches you."
    >
      <form onSubmit={submit} className="pair grow">
        <label>
          E-mail address
          <input name="email" type="email" defaultValue={email} />
        </label>
        <button disabled={save.isPending}>Save</button>
        <Problem error={save.error} />
        <small role="status">{save.isSuccess ? "Saved." : ""}</small>
      </form>
    </Setting>
  );
}
