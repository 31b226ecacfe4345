import { useDeferredValue, useState } from "react";
import { Link } from "react-router";

import { Problem } from "../ui/Problem";
import { Level } from "./Level";
import { SpaceForm } from "./SpaceForm";
import { isAdministered } from "./SpaceSelect";
import { useSpaces, type Space } from "./spaces";
import { pruned, treeOf, type Branch } from "./tree";
import "./spaces.css";

export function SpaceList() {
  const spaces = useSpaces();
  const [text, setText] = useState("");
  const [making, setMaking] = useState(false);
  const search = useDeferredValue(text).trim().toLowerCase();
  const tree = pruned(treeOf(spaces.data ?? []), (space) =>
    [space.name, space.id, ...space.labels]
      .join(" ")
      .toLowerCase()
      .includes(search),
  );
  const mayMake = spaces.data?.some(isAdministered) ?? false;
  return (
    <main>
      <div className="bar">
        <h1>Spaces</h1>
        <span className="actions">
          <input
            type="search"
            aria-label="Search spaces"
            placeholder="Search spaces"
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
          {mayMake && (
            <button className="primary" onClick={() => setMaking(true)}>
              New space
            </button>
          )}
        </span>
      </div>
      <p className="muted">
        Everything lives in a space. A role that is given in a space holds in
        all spaces below it.
      </p>
      <Problem error={spaces.error} />
      {spaces.isPending && <p aria-busy="true">Loading…</p>}
      {spaces.isSuccess && tree.length === 0 && (
        <p className="empty">
          {search
            ? "No space matches that search."
            : "There is no space that you may see."}
        </p>
      )}
      <Branches branches={tree} />
      {making && <SpaceForm onClose={() => setMaking(false)} />}
    </main>
  );
}

function Branches({ branches }: { branches: readonly Branch<Space>[] }) {
  if (branches.length === 0) return null;
  return (
    <ul className="tree">
      {branches.map(({ space, children }) => (
        <li key={space.id}>
          <Link to={`/spaces/${space.id}`} className="row">
            <span className="grow">
              <strong>{space.name}</strong>
              {space.description && <small>{space.description}</small>}
            </span>
            {space.labels.map((label) => (
              <span key={label} className="label">
                {label}
              </span>
            ))}
            <Level level={space.accessLevel} />
          </Link>
          <Branches branches={children} />
        </li>
      ))}
    </ul>
  );
}
