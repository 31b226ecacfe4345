import { useState } from "react";

import { RolesInShort } from "../roles/RoleBindings";
import { Problem } from "../ui/Problem";
import { Table } from "../ui/Table";
import { Ago } from "../ui/time";
import { KeyForm } from "./KeyForm";
import { KeySecret } from "./KeySecret";
import { KeyVerbs } from "./KeyVerbs";
import { useKeys, type Key, type NewKey } from "./keys";

export function KeyList() {
  const keys = useKeys();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<NewKey | null>(null);
  return (
    <>
      <div className="bar">
        <h1>API keys</h1>
        <button className="primary" onClick={() => setMaking(true)}>
          New key
        </button>
      </div>
      <p className="muted">
        For machines, and for people's own tools. A key has the roles that it is
        given, and those of its groups.
      </p>
      <Problem error={keys.error} />
      {keys.isPending && <p aria-busy="true">Loading…</p>}
      {keys.isSuccess && (
        <Table
          name="keys"
          rows={keys.data}
          textOf={(key) =>
            [key.name, key.id, key.description, key.creator, ...key.teams].join(
              " ",
            )
          }
          empty="There are no API keys yet."
          columns={[
            { head: "Name", cell: (key) => <Name apiKey={key} /> },
            {
              head: "Roles",
              cell: ({ apiKeyRoleBindings }) => (
                <RolesInShort bindings={apiKeyRoleBindings} />
              ),
            },
            { head: "Groups", cell: ({ teams }) => teams.join(", ") || "—" },
            {
              head: "Last used",
              cell: ({ lastUsedAt: at }) => (at ? <Ago at={at} /> : "never"),
            },
            {
              head: "Actions",
              cell: (key) => <KeyVerbs apiKey={key} onNew={setMade} />,
            },
          ]}
        />
      )}
      {making && (
        <KeyForm
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMaking(false);
            setMade(key);
          }}
        />
      )}
      {made && <KeySecret made={made} onClose={() => setMade(null)} />}
    </>
  );
}

function Name({ apiKey: key }: { apiKey: Key }) {
  return (
    <>
      <strong>{key.name}</strong>{" "}
      {key.admin && <span className="state attention">account admin</span>}
      <small>
        <code>{key.id}</code>
      </small>
      {key.oidcSettings && (
        <small>
          opened by tokens of {key.oidcSettings.issuer} for{" "}
          <code>{key.oidcSettings.subjectExpression}</code>
        </small>
      )}
      {key.description && <small>{key.description}</small>}
      <small>
        made by {key.creator} <Ago at={key.createdAt} />
      </small>
    </>
  );
}
