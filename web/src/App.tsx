import type { ReactNode } from "react";
import { Link, Navigate, Route, Routes, useLocation } from "react-router";

import { PolicyList } from "./policies/PolicyList";
import { PolicyPage } from "./policies/PolicyPage";
import { RunPage } from "./runs/RunPage";
import { EnrolFactor, ProveFactor } from "./session/SecondFactor";
import { useSession, useSignOut, wayBack } from "./session/session";
import { SignIn } from "./session/SignIn";
import { SettingsPages } from "./settings/SettingsPages";
import { SpaceList } from "./spaces/SpaceList";
import { SpacePage } from "./spaces/SpacePage";
import { StackList } from "./stacks/StackList";
import { StackPage } from "./stacks/StackPage";
import { Problem } from "./ui/Problem";
import { You } from "./you/You";

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
  if (session.data.second_factor === "WANTED") return <ProveFactor />;
  if (session.data.second_factor === "TO_ENROL") return <EnrolFactor />;
  const back = wayBack(window.location.search);
  if (back) {
    window.location.replace(back);
    return null;
  }
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
          <MenuLink to="/policies" covers={/^\/policies/}>
            Policies
          </MenuLink>
          {session.data.admin && (
            <MenuLink to="/settings" covers={/^\/settings/}>
              Settings
            </MenuLink>
          )}
        </nav>
        <span className="who">
          <Link to="/you">
            <small>{session.data.name}</small>
          </Link>{" "}
          <button onClick={() => void signOut()}>Sign out</button>
        </span>
      </header>
      <div id="content">
        <Routes>
          <Route path="/" element={<StackList />} />
          <Route path="/stack/:stackId" element={<StackPage />} />
          <Route path="/stack/:stackId/run/:runId" element={<RunPage />} />
          <Route path="/module/:moduleId/run/:runId" element={<RunPage />} />
          <Route path="/spaces" element={<SpaceList />} />
          <Route path="/spaces/:spaceId" element={<SpacePage />} />
          <Route path="/policies" element={<PolicyList />} />
          <Route path="/policies/:policyId" element={<PolicyPage />} />
          <Route path="/you" element={<You />} />
          <Route path="/settings/*" element={<SettingsPages />} />
          {["/stacks", "/admin-login", "/apikeytoken", "/invitation"].map(
            (path) => (
              <Route
                key={path}
                path={path}
                element={<Navigate to="/" replace />}
              />
            ),
          )}
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
