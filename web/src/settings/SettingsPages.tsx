import { Navigate, NavLink, Route, Routes } from "react-router";

import { AuditTrail } from "../audit/AuditTrail";
import { GroupList } from "../groups/GroupList";
import { KeyList } from "../keys/KeyList";
import { PersonList } from "../people/PersonList";
import { RoleList } from "../roles/RoleList";
import { RolePage } from "../roles/RolePage";
import { SessionList } from "../sessions/SessionList";
import { SignInSettings } from "./SignInSettings";

const PAGES = [
  ["people", "People"],
  ["groups", "Groups"],
  ["keys", "API keys"],
  ["roles", "Roles"],
  ["sessions", "Sessions"],
  ["sign-in", "Sign-in"],
  ["audit", "Audit"],
] as const;

/** What holds for the whole account, with a menu of its own. */
export function SettingsPages() {
  return (
    <main className="with-menu">
      <nav aria-label="Settings" className="menu side">
        {PAGES.map(([path, name]) => (
          <NavLink key={path} to={`/settings/${path}`}>
            {name}
          </NavLink>
        ))}
      </nav>
      <div>
        <Routes>
          <Route index element={<Navigate to="people" replace />} />
          <Route path="people" element={<PersonList />} />
          <Route path="groups" element={<GroupList />} />
          <Route path="keys" element={<KeyList />} />
          <Route path="roles" element={<RoleList />} />
          <Route path="roles/:roleId" element={<RolePage />} />
          <Route path="sessions" element={<SessionList />} />
          <Route path="sign-in" element={<SignInSettings />} />
          <Route path="audit" element={<AuditTrail />} />
          <Route
            path="*"
            element={<p className="empty">There is no such page.</p>}
          />
        </Routes>
      </div>
    </main>
  );
}
