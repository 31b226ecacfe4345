import { useState } from "react";
import { Link } from "react-router";

import { ask } from "../api/client";
import { Unchosen } from "../spaces/SpaceSelect";
import { ConfirmButton } from "../ui/ConfirmButton";
import { FormDialog } from "../ui/Dialog";
import { Table } from "../ui/Table";
import {
  ATTACH_POLICY,
  DETACH_POLICY,
  useStacks,
  type Attached,
  type Policy,
} from "./policies";

/** The stacks that have a policy; to give and take it needs an administrator there. */
export function AttachedStacks(props: { policy: Policy; mayChange: boolean }) {
  const { policy, mayChange } = props;
  return (
    <section aria-labelledby="stacks">
      <div className="bar">
        <h2 id="stacks">Stacks</h2>
        {mayChange && <Attach policy={policy} />}
      </div>
      <Table
        name="stacks"
        rows={policy.attachedStacks}
        textOf={({ stackName, stackId }) => `${stackName} ${stackId}`}
        empty="No stack has it that you may see."
        columns={[
          { head: "Name", cell: (one) => <Name one={one} /> },
          {
            head: "Has it",
            cell: ({ isAutoattached }) =>
              isAutoattached ? "by its labels" : "attached",
          },
          {
            head: "Change",
            cell: (one) =>
              mayChange && !one.isAutoattached && <Detach one={one} />,
          },
        ]}
      />
    </section>
  );
}

function Name({ one }: { one: Attached }) {
  if (one.isModule) return one.stackName;
  return <Link to={`/stack/${one.stackId}`}>{one.stackName}</Link>;
}

function Detach({ one }: { one: Attached }) {
  return (
    <ConfirmButton
      label="Detach"
      name={`Detach from ${one.stackName}`}
      title={`Detach from ${one.stackName}?`}
      run={() => ask(DETACH_POLICY, { id: one.id })}
    >
      It no longer holds for this stack.
    </ConfirmButton>
  );
}

function Attach({ policy }: { policy: Policy }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button onClick={() => setOpen(true)}>Attach</button>
      {open && <AttachForm policy={policy} onClose={() => setOpen(false)} />}
    </>
  );
}

function AttachForm(props: { policy: Policy; onClose: () => void }) {
  const { policy, onClose } = props;
  const had = new Set(
    policy.attachedStacks
      .filter(({ isAutoattached }) => !isAutoattached)
      .map(({ stackId }) => stackId),
  );
  const offered = (useStacks().data ?? []).filter(({ id }) => !had.has(id));
  return (
    <FormDialog
      title={`Attach ${policy.name}`}
      action="Attach"
      send={(form) =>
        ask(ATTACH_POLICY, { id: policy.id, stack: String(form.get("stack")) })
      }
      onClose={onClose}
    >
      <label>
        Stack
        {/* the key: what is chosen can only be shown once it is offered */}
        <select key={offered.length} name="stack" defaultValue="" required>
          <Unchosen />
          {offered.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </FormDialog>
  );
}
