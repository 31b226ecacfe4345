import { useState } from "react";

import { ask } from "../api/client";
import { FormDialog } from "../ui/Dialog";
import { listed } from "../ui/search";
import { mappingOf } from "./claims";
import { CREATE_KEY, type NewKey } from "./keys";

/** A new key: with a secret, or one that an identity provider's tokens open. */
export function KeyForm(props: {
  onClose: () => void;
  onMade: (made: NewKey) => void;
}) {
  const { onClose, onMade } = props;
  const [type, setType] = useState<"SECRET" | "OIDC">("SECRET");

  async function send(form: FormData) {
    const said = (name: string) => String(form.get(name) ?? "").trim();
    const oidc = {
      issuer: said("issuer"),
      clientId: said("client"),
      subjectExpression: said("subject"),
      claimMappings: mappingOf(said("claims")),
    };
    const { apiKeyCreate: made } = await ask(CREATE_KEY, {
      input: {
        name: said("name"),
        admin: form.has("admin"),
        teams: listed(said("teams")),
        oidc: type === "OIDC" ? oidc : null,
      },
    });
    return () => onMade(made);
  }

  return (
    <FormDialog
      title="New API key"
      action="Create"
      send={send}
      onClose={onClose}
    >
      <label>
        Name
        <input name="name" autoComplete="off" required autoFocus />
      </label>
      <fieldset className="choice">
        <legend>Opened by</legend>
        <label className="check">
          <input
            type="radio"
            name="type"
            checked={type === "SECRET"}
            onChange={() => setType("SECRET")}
          />
          <span>A secret</span>
        </label>
        <label className="check">
          <input
            type="radio"
            name="type"
            checked={type === "OIDC"}
            onChange={() => setType("OIDC")}
          />
          <span>
            Tokens of an identity provider
            <small>OpenID Connect: a machine needs to keep no secret.</small>
          </span>
        </label>
      </fieldset>
      {type === "OIDC" && <IssuerFields />}
      <label>
        Groups, separated by commas
        <input name="teams" autoComplete="off" />
      </label>
      <label className="check">
        <input type="checkbox" name="admin" />
        <span>
          Account administrator
          <small>
            May do everything. Others are given roles once they are made.
          </small>
        </span>
      </label>
    </FormDialog>
  );
}

function IssuerFields() {
  return (
    <>
      <label>
        Issuer
        <input
          name="issuer"
          type="url"
          placeholder="https://token.example.com"
          required
        />
      </label>
      <label>
        Client ID, the audience of the tokens
        <input name="client" autoComplete="off" required />
      </label>
      <label>
        Subject expression
        <input
          name="subject"
          autoComplete="off"
          placeholder="repo:octo/infra:.*"
          required
        />
        <small>
          A regular expression that must match the whole subject of a token.
        </small>
      </label>
      <ClaimField />
    </>
  );
}

/** Which claims of a token name groups; they are all that can be mapped. */
export function ClaimField({ claims = "" }: { claims?: string }) {
  return (
    <label>
      Claims that name groups, separated by commas
      <input name="claims" autoComplete="off" defaultValue={claims} />
    </label>
  );
}
