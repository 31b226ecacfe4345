import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";

import { ask } from "../api/client";
import { isAdministered } from "../spaces/SpaceSelect";
import { useSpaces } from "../spaces/spaces";
import { ConfirmButton } from "../ui/ConfirmButton";
import { Fact } from "../ui/Fact";
import { Problem } from "../ui/Problem";
import { Ago } from "../ui/time";
import { AttachedStacks } from "./AttachedStacks";
import { attachesTo, spoken } from "./kinds";
import { NoEngine } from "./NoEngine";
import { DELETE_POLICY, usePolicy, type Policy } from "./policies";
import { PolicyForm } from "./PolicyForm";
import "./policies.css";

export function PolicyPage() {
  const { policyId = "" } = useParams();
  const found = usePolicy(policyId);
  const spaces = useSpaces().data ?? [];
  if (found.isPending) return <main aria-busy="true">Loading…</main>;
  const policy = found.data;
  if (!policy) {
    return (
      <main>
        <Problem error={found.error} />
        {found.isSuccess && (
          <p className="empty">
            There is no such policy, or you may not see it.
          </p>
        )}
      </main>
    );
  }
  return (
    <main>
      <nav aria-label="Breadcrumb">
        <Link to="/policies">Policies</Link>
      </nav>
      <div className="bar">
        <h1>
          {policy.name} <span className="label">{spoken(policy.type)}</span>
        </h1>
        {policy.spaceDetails.accessLevel === "ADMIN" && (
          <Verbs policy={policy} />
        )}
      </div>
      <NoEngine />
      <Facts policy={policy} />
      <section aria-labelledby="body">
        <h2 id="body">Body</h2>
        <pre className="code" tabIndex={0}>
          {policy.body}
        </pre>
      </section>
      {policy.type !== "LOGIN" && (
        <AttachedStacks
          policy={policy}
          mayChange={spaces.some(isAdministered)}
        />
      )}
    </main>
  );
}

function Verbs({ policy }: { policy: Policy }) {
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  return (
    <span className="actions">
      <button onClick={() => setOpen(true)}>Change</button>
      <ConfirmButton
        label="Delete"
        title={`Delete ${policy.name}?`}
        run={async () => {
          await ask(DELETE_POLICY, { id: policy.id });
          return () => navigate("/policies");
        }}
      >
        It is taken from every stack that has it.
        {policy.type === "LOGIN" && " Everybody else must sign in again."}
      </ConfirmButton>
      {open && <PolicyForm policy={policy} onClose={() => setOpen(false)} />}
    </span>
  );
}

function Facts({ policy }: { policy: Policy }) {
  const automatic = attachesTo(policy.labels);
  return (
    <>
      {policy.description && <p className="lines">{policy.description}</p>}
      <dl className="facts">
        <Fact name="ID">
          <code>{policy.id}</code>
        </Fact>
        <Fact name="Space">
          <Link to={`/spaces/${policy.spaceDetails.id}`}>
            {policy.spaceDetails.name}
          </Link>
        </Fact>
        <Fact name="Language">
          {policy.engineType === "REGO_V1" ? "Rego v1" : "Rego v0"}
        </Fact>
        {policy.labels.length > 0 && (
          <Fact name="Labels">
            {policy.labels.map((label) => (
              <span key={label} className="label">
                {label}
              </span>
            ))}
          </Fact>
        )}
        {automatic && policy.type !== "LOGIN" && (
          <Fact name="Attaches itself to">{automatic}</Fact>
        )}
        <Fact name="Changed">
          <Ago at={policy.updatedAt} />
        </Fact>
      </dl>
    </>
  );
}
