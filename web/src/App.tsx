import type { ReactNode } from "react";
import { Link, Navigate, Route, Routes, useLocation } from "react-router";

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
          <MenuLink to="/" covers={/^\/($|stack)/}>
            Stacks
          </MenuLink>
          <MenuLink to="/spaces" covers={/^\/spaces/}>
            Spaces
          </MenuLink>
          {session.data.admin && (
            <MenuLink to="/settings" covers={/^\/settings/}>
              Settings
            </MenuLink>
          )}
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
          <Route path="/spaces/:spaceId" element={<SpacePage />} />
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

/** A link that is marked on all pages it *covers*: a run belongs to the stacks. */
function MenuLink(props: { to: string; covers: RegExp; children: ReactNode }) {
  const { to, covers, children } = props;
  const { pathname } = useLocation();
  return (
    <Link to={to} aria-current={covers.test(pathname) ? "page" : undefined}>
      {children}
    </Link>
  );
}
