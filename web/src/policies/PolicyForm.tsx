import { useState } from "react";

import { ask } from "../api/client";
import type { PolicyEngineType, PolicyType } from "../api/generated/graphql";
import { SpaceSelect, Unchosen, isAdministered } from "../spaces/SpaceSelect";
import { ROOT } from "../spaces/spaces";
import { FormDialog } from "../ui/Dialog";
import { listed } from "../ui/search";
import { KINDS } from "./kinds";
import { CREATE_POLICY, UPDATE_POLICY, type Policy } from "./policies";
import "./policies.css";

/** All that is said of a policy: of a new one, or of the one that there is. */
export function PolicyForm(props: {
  policy?: Policy;
  onClose: () => void;
  onCreated?: (id: string) => void;
}) {
  const { policy, onClose, onCreated } = props;
  const [kind, setKind] = useState<PolicyType | "">(policy?.type ?? "");

  async function send(form: FormData) {
    const input = {
      name: String(form.get("name")),
      description: String(form.get("description")) || null,
      body: String(form.get("body")),
      labels: listed(String(form.get("labels"))),
      engineType: form.get("engine") as PolicyEngineType,
      space: kind === "LOGIN" ? ROOT : String(form.get("space")),
    };
    if (policy) {
      await ask(UPDATE_POLICY, { id: policy.id, input });
      return;
    }
    const made = await ask(CREATE_POLICY, {
      input: { ...input, type: kind as PolicyType },
    });
    return () => {
      onClose();
      onCreated?.(made.policyCreatev2.id);
    };
  }

  return (
    <FormDialog
      title={policy ? `Change ${policy.name}` : "New policy"}
      action={policy ? "Save" : "Create"}
      send={send}
      onClose={onClose}
    >
      <label>
        Name
        <input name="name" defaultValue={policy?.name} required autoFocus />
      </label>
      {!policy && <KindSelect kind={kind} onChange={setKind} />}
      {kind !== "LOGIN" && (
        <SpaceSelect
          name="space"
          label="Space"
          chosen={policy?.spaceDetails.id ?? ""}
          among={(one) =>
            isAdministered(one) || one.id === policy?.spaceDetails.id
          }
        />
      )}
      <label>
        Description
        <input name="description" defaultValue={policy?.description ?? ""} />
      </label>
      <label>
        Labels, separated by commas
        <input name="labels" defaultValue={policy?.labels.join(", ")} />
      </label>
      <label>
        Language
        <select name="engine" defaultValue={policy?.engineType ?? "REGO_V1"}>
          <option value="REGO_V1">Rego v1</option>
          <option value="REGO_V0">Rego v0</option>
        </select>
      </label>
      <label>
        Body
        <textarea
          name="body"
          className="code"
          rows={12}
          spellCheck={false}
          defaultValue={policy?.body ?? "package spacelift\n"}
          required
        />
      </label>
    </FormDialog>
  );
}

function KindSelect(props: {
  kind: PolicyType | "";
  onChange: (kind: PolicyType) => void;
}) {
  return (
    <label>
      Type, for good
      <select
        value={props.kind}
        onChange={({ target }) => props.onChange(target.value as PolicyType)}
        required
      >
        <Unchosen />
        {Object.entries(KINDS).map(([kind, meaning]) => (
          <option key={kind} value={kind}>
            {meaning}
          </option>
        ))}
      </select>
    </label>
  );
}
