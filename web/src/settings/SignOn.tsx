import { useState } from "react";

import { ask } from "../api/client";
import { ConfirmButton } from "../ui/ConfirmButton";
import { FormDialog } from "../ui/Dialog";
import { Problem } from "../ui/Problem";
import { Setting } from "./Setting";
import { REMOVE_SIGN_ON, SET_OIDC, SET_SAML, useSignOn } from "./signOn";

/** The identity provider that people come by. */
export function SignOn() {
  const found = useSignOn();
  const [open, setOpen] = useState<"oidc" | "saml" | null>(null);
  if (!found.data) return <Problem error={found.error} />;
  const { active, trial, trialUrl } = found.data;
  const close = () => setOpen(null);
  const where = (one: typeof active) =>
    one ? `${one.method}: ${one.issuer ?? "by its metadata"}` : "none";
  return (
    <Setting
      title="Single sign-on"
      now={where(active)}
      about="People come by your identity provider. New settings are tried out by you first, and change nothing until you came in by them."
    >
      <button onClick={() => setOpen("oidc")}>Set up OpenID Connect</button>
      <button onClick={() => setOpen("saml")}>Set up SAML</button>
      {trial && trialUrl && (
        <a className="button primary" href={trialUrl}>
          Try {where(trial)} out
        </a>
      )}
      {active && (
        <ConfirmButton
          label="Give it up"
          title="Give single sign-on up?"
          run={() => ask(REMOVE_SIGN_ON, {})}
        >
          At once: all sessions but yours end, and people cannot come in until
          there is another provider.
        </ConfirmButton>
      )}
      {open === "oidc" && (
        <Oidc redirect={found.data.oidcRedirectUrl} onClose={close} />
      )}
      {open === "saml" && (
        <Saml
          acs={found.data.samlAcsUrl}
          entity={found.data.samlMetadataUrl}
          onClose={close}
        />
      )}
    </Setting>
  );
}

function Oidc(props: { redirect: string; onClose: () => void }) {
  const { redirect, onClose } = props;
  async function send(form: FormData) {
    const text = (name: string) => String(form.get(name)).trim();
    await ask(SET_OIDC, {
      input: {
        issuer: text("issuer"),
        clientId: text("clientId"),
        clientSecret: text("clientSecret"),
        groupsClaim: text("groupsClaim") || null,
      },
    });
  }
  return (
    <FormDialog
      title="OpenID Connect"
      action="Save for a trial"
      send={send}
      onClose={onClose}
    >
      <p>
        Redirect URI: <code>{redirect}</code>
      </p>
      <label>
        Issuer
        <input name="issuer" type="url" required autoFocus />
      </label>
      <label>
        Client ID
        <input name="clientId" autoComplete="off" required />
      </label>
      <label>
        Client secret (empty keeps the one that is known)
        <input name="clientSecret" type="password" autoComplete="off" />
      </label>
      <label>
        Claim that holds the groups
        <input name="groupsClaim" placeholder="groups" autoComplete="off" />
      </label>
    </FormDialog>
  );
}

function Saml(props: { acs: string; entity: string; onClose: () => void }) {
  const { acs, entity, onClose } = props;
  async function send(form: FormData) {
    await ask(SET_SAML, {
      input: {
        metadata: String(form.get("metadata")).trim(),
        nameIdFormat: form.get("format") as
          "EMAIL_ADDRESS" | "PERSISTENT" | "TRANSIENT",
        attributes: attributesOf(form),
      },
    });
  }
  return (
    <FormDialog
      title="SAML 2.0"
      action="Save for a trial"
      send={send}
      onClose={onClose}
    >
      <p>
        ACS URL: <code>{acs}</code>
        <br />
        Audience and metadata: <code>{entity}</code>
      </p>
      <label>
        The provider’s metadata: its URL, or the XML
        <textarea name="metadata" rows={4} required autoFocus />
      </label>
      <label>
        Format of the login (NameID)
        <select name="format" defaultValue="EMAIL_ADDRESS">
          <option value="EMAIL_ADDRESS">E-mail address</option>
          <option value="PERSISTENT">Persistent</option>
          <option value="TRANSIENT">Transient</option>
        </select>
      </label>
      {ATTRIBUTES.map((attribute) => (
        <label key={attribute}>
          Attribute for {attribute}
          <input name={attribute} placeholder={attribute} autoComplete="off" />
        </label>
      ))}
    </FormDialog>
  );
}

const ATTRIBUTES = ["FirstName", "LastName", "Teams"] as const;

function attributesOf(form: FormData) {
  return ATTRIBUTES.map((attribute) => ({
    name: String(form.get(attribute)).trim(),
    attribute,
  })).filter((one) => one.name !== "");
}
