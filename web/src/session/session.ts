// Who is signed in. The session is a cookie that scripts cannot read.

import { useQuery, useQueryClient } from "@tanstack/react-query";

import { ApiError, send } from "../api/client";

export interface Session {
  name: string;
  /** Whether they govern the whole account. */
  admin: boolean;
  method: "ADMIN" | "API_KEY" | "OIDC" | "SAML";
  /** What is still wanting before the session opens anything. */
  second_factor: "NOT_NEEDED" | "GIVEN" | "WANTED" | "TO_ENROL";
}

/** Whether there is an identity provider to sign in by. */
export function useProvider() {
  return useQuery({
    queryKey: ["provider"],
    queryFn: async () => {
      const answer = await send("/sso/method", { method: "GET" });
      return ((await answer.json()) as { method: string | null }).method;
    },
  });
}

// One slash, then what addresses are written with. Browsers take a backslash for a
// slash, and see no tabs or line ends: with these, a path leads to another site.
const OURS = /^\/(?!\/)[!-[\]-~]*$/;

/** A path of this site that somebody was on the way to, such as the CLI's login. */
export function wayBack(search: string): string | null {
  const wanted = new URLSearchParams(search).get("return_to");
  return wanted && OURS.test(wanted) ? wanted : null;
}

export function useSession() {
  return useQuery({
    queryKey: ["session"],
    queryFn: async (): Promise<Session | null> => {
      const answer = await send("/session", { method: "GET" });
      return answer.ok ? ((await answer.json()) as Session) : null;
    },
    staleTime: 60_000,
  });
}

/** What somebody proves who they are with, and where it is sent. */
export type Proof =
  | { at: "/session"; says: { username: string; password: string } }
  | { at: "/session/key"; says: { id: string; secret: string } };

export async function signIn({ at, says }: Proof): Promise<void> {
  const answer = await send(at, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Stackyard-Csrf": "1" },
    body: JSON.stringify(says),
  });
  if (!answer.ok) {
    const { message } = (await answer.json()) as { message: string };
    throw new ApiError(message);
  }
}

/** Whether whoever is signed in governs the whole account. */
export function useIsAdmin(): boolean {
  return useSession().data?.admin ?? false;
}

export function useSignOut(): () => Promise<void> {
  const cache = useQueryClient();
  return async () => {
    await send("/session", {
      method: "DELETE",
      headers: { "X-Stackyard-Csrf": "1" },
    });
    // told first: whoever shows something of the session sees that it is over
    cache.setQueryData(["session"], null);
    cache.removeQueries({ predicate: (one) => one.queryKey[0] !== "session" });
  };
}
