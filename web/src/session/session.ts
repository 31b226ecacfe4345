// Who is signed in. The session is a cookie that scripts cannot read.

import { useQuery, useQueryClient } from "@tanstack/react-query";

import { ApiError, send } from "../api/client";

export interface Session {
  name: string;
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

export async function signIn(
  username: string,
  password: string,
): Promise<void> {
  const answer = await send("/session", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Stackyard-Csrf": "1" },
    body: JSON.stringify({ username, password }),
  });
  if (answer.status === 429) {
    throw new ApiError(
      "Too many attempts. Wait a few minutes, then try again.",
    );
  }
  if (!answer.ok) {
    throw new ApiError("That user name and password do not go together.");
  }
}

export function useSignOut(): () => Promise<void> {
  const cache = useQueryClient();
  return async () => {
    await send("/session", {
      method: "DELETE",
      headers: { "X-Stackyard-Csrf": "1" },
    });
    cache.clear();
  };
}
