import { Link, Navigate, NavLink, Route, Routes } from "react-router";

import { RunPage } from "./runs/RunPage";
import { useSession, useSignOut } from "./session/session";
import { SignIn } from "./session/SignIn";
import { SettingsPages } from "./settings/SettingsPages";
import { SpaceList } from "./spaces/SpaceList";
import { SpacePage } from "./spaces/SpacePage";
import { StackList } from "./stacks/StackList";
import { StackPage } from "./stacks/StackPage";
import { Problem } from "./ui/Problem";

export function App() {
  const session = useSession();
  const signOut = useSignOut();

  if (session.isPending) return null;
  if (session.error) {
    return (
      <main className="narrow">
        <Problem error={session.error} />
        <button onClick={() => void session.refetch()}>Try again</button>
      </main>
    );
  }
  if (!session.data) return <SignIn />;
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header>
        <Link to="/" className="brand">
          Stackyard
        </Link>
        <nav aria-label="Main" className="menu">
          <NavLink to="/" end>
            Stacks
          </NavLink>
          <NavLink to="/spaces">Spaces</NavLink>
          {session.data.admin && <NavLink to="/settings">Settings</NavLink>}
        </nav>
        <span className="who">
          <small>{session.data.name}</small>{" "}
          <button onClick={() => void signOut()}>Sign out</button>
        </span>
      </header>
      <div id="content">
        <Routes>
          <Route path="/" element={<StackList />} />
          <Route path="/stack/:stackId" element={<StackPage />} />
          <Route path="/stack/:stackId/run/:runId" element={<RunPage />} />
          <Route path="/spaces" element={<SpaceList />} />
          <Route path="/space/:spaceId" element={<SpacePage />} />
          <Route path="/settings/*" element={<SettingsPages />} />
          {["/stacks", "/admin-login", "/apikeytoken"].map((path) => (
            <Route
              key={path}
              path={path}
              element={<Navigate to="/" replace />}
            />
          ))}
          <Route
            path="*"
            element={<p className="empty">There is no such page.</p>}
          />
        </Routes>
      </div>
    </>
  );
}
