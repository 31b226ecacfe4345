import { ask } from "../api/client";
import { FormDialog } from "../ui/Dialog";
import { listed } from "../ui/search";
import { claimsOf, mappingOf } from "./claims";
import { ClaimField } from "./KeyForm";
import { UPDATE_KEY, type Key } from "./keys";

/** What can be changed of a key; who opens it stays as it is. */
export function KeyChange(props: { apiKey: Key; onClose: () => void }) {
  const { apiKey, onClose } = props;
  const oidc = apiKey.oidcSettings;

  async function send(form: FormData) {
    const said = (name: string) => String(form.get(name) ?? "").trim();
    await ask(UPDATE_KEY, {
      id: apiKey.id,
      input: {
        name: said("name"),
        description: said("description"),
        teams: listed(said("teams")),
        oidcClaimMappings: oidc ? mappingOf(said("claims")) : null,
      },
    });
  }

  return (
    <FormDialog
      title={`Change ${apiKey.name}`}
      action="Save"
      send={send}
      onClose={onClose}
    >
      <label>
        Name
        <input name="name" defaultValue={apiKey.name} required autoFocus />
      </label>
      <label>
        Description
        <input name="description" defaultValue={apiKey.description ?? ""} />
      </label>
      <label>
        Groups, separated by commas
        <input name="teams" defaultValue={apiKey.teams.join(", ")} />
        <small>Other groups end what was opened with the key.</small>
      </label>
      {oidc && <ClaimField claims={claimsOf(oidc.claimMapping)} />}
    </FormDialog>
  );
}
