import { useState } from "react";

import { ask } from "../api/client";
import { RolesButton } from "../roles/RolesButton";
import { ConfirmButton } from "../ui/ConfirmButton";
import { KeyChange } from "./KeyChange";
import {
  BIND_KEY,
  DELETE_KEY,
  ROTATE_KEY,
  UNBIND_KEY,
  type Key,
  type NewKey,
} from "./keys";

export function KeyVerbs(props: {
  apiKey: Key;
  onNew: (made: NewKey) => void;
}) {
  const { apiKey, onNew } = props;
  const { id, name } = apiKey;
  const [changing, setChanging] = useState(false);
  return (
    <span className="actions">
      <RolesButton
        holder={name}
        bindings={apiKey.apiKeyRoleBindings}
        bind={(roleID, spaceID) =>
          ask(BIND_KEY, { input: { apiKeyID: id, roleID, spaceID } })
        }
        unbind={(binding) => ask(UNBIND_KEY, { id: binding })}
      />
      <button
        type="button"
        aria-label={`Change ${name}`}
        onClick={() => setChanging(true)}
      >
        Change
      </button>
      {apiKey.type === "SECRET" && (
        <ConfirmButton
          label="Rotate"
          name={`Rotate ${name}`}
          title={`Rotate ${name}?`}
          run={async () => {
            const { apiKeyRotate: made } = await ask(ROTATE_KEY, { id });
            return () => onNew(made);
          }}
        >
          There will be another secret. The old one, and all that was opened
          with it, ends at once.
        </ConfirmButton>
      )}
      <ConfirmButton
        label="Delete"
        name={`Delete ${name}`}
        title={`Delete ${name}?`}
        run={() => ask(DELETE_KEY, { id })}
      >
        The key opens nothing any more, and all that was opened with it ends at
        once.
      </ConfirmButton>
      {changing && (
        <KeyChange apiKey={apiKey} onClose={() => setChanging(false)} />
      )}
    </span>
  );
}
