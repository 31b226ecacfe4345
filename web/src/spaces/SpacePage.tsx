import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";

import { ask } from "../api/client";
import { ConfirmButton } from "../ui/ConfirmButton";
import { Fact } from "../ui/Fact";
import { Problem } from "../ui/Problem";
import { Holders } from "./Holders";
import { Level } from "./Level";
import { SpaceForm } from "./SpaceForm";
import { isAdministered } from "./SpaceSelect";
import { DELETE_SPACE, ROOT, isBuiltIn, useSpaces, type Space } from "./spaces";
import { wayTo } from "./tree";

export function SpacePage() {
  const { spaceId = "" } = useParams();
  const spaces = useSpaces();
  if (spaces.isPending) return <main aria-busy="true">Loading…</main>;
  const way = wayTo(spaces.data ?? [], spaceId);
  const space = way.at(-1);
  if (!space) {
    return (
      <main>
        <Problem error={spaces.error} />
        {spaces.isSuccess && (
          <p className="empty">
            There is no such space, or you may not see it.
          </p>
        )}
      </main>
    );
  }
  return (
    <main>
      <nav aria-label="Breadcrumb">
        <Link to="/spaces">Spaces</Link>
        {way.slice(0, -1).map((above) => (
          <span key={above.id}>
            {" / "}
            <Link to={`/spaces/${above.id}`}>{above.name}</Link>
          </span>
        ))}
      </nav>
      <div className="bar">
        <h1>
          {space.name} <Level level={space.accessLevel} />
        </h1>
        {isAdministered(space) && <Verbs space={space} />}
      </div>
      <Facts space={space} />
      <Below spaces={spaces.data ?? []} id={space.id} />
      {isAdministered(space) && <Holders way={way} />}
    </main>
  );
}

function Verbs({ space }: { space: Space }) {
  const navigate = useNavigate();
  const [open, setOpen] = useState<"below" | "change" | null>(null);
  const close = () => setOpen(null);
  return (
    <span className="actions">
      <button onClick={() => setOpen("below")}>New space below</button>
      <button onClick={() => setOpen("change")}>Change</button>
      {!isBuiltIn(space) && (
        <ConfirmButton
          label="Delete"
          title={`Delete ${space.name}?`}
          run={async () => {
            await ask(DELETE_SPACE, { id: space.id });
            return () => navigate("/spaces");
          }}
        >
          Only an empty space can be deleted. The roles that are given in it are
          taken away.
        </ConfirmButton>
      )}
      {open === "below" && <SpaceForm under={space.id} onClose={close} />}
      {open === "change" && <SpaceForm space={space} onClose={close} />}
    </span>
  );
}

function Facts({ space }: { space: Space }) {
  return (
    <>
      {space.description && <p className="lines">{space.description}</p>}
      <dl className="facts">
        <Fact name="ID">
          <code>{space.id}</code>
        </Fact>
        {space.id !== ROOT && (
          <Fact name="Inherits from its parent">
            {space.inheritEntities ? "yes" : "no"}
          </Fact>
        )}
        {space.labels.length > 0 && (
          <Fact name="Labels">
            {space.labels.map((label) => (
              <span key={label} className="label">
                {label}
              </span>
            ))}
          </Fact>
        )}
      </dl>
    </>
  );
}

function Below({ spaces, id }: { spaces: readonly Space[]; id: string }) {
  const below = spaces.filter(({ parentSpace }) => parentSpace === id);
  if (below.length === 0) return null;
  return (
    <section aria-labelledby="below">
      <h2 id="below">Spaces below</h2>
      <ul className="rows">
        {below.map((space) => (
          <li key={space.id}>
            <Link to={`/spaces/${space.id}`} className="row">
              <strong className="grow">{space.name}</strong>
              <Level level={space.accessLevel} />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
