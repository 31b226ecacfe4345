import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "react-router";

import { Problem } from "../ui/Problem";
import { signIn, useProvider, wayBack, type Proof } from "./session";

/** The two ways in that need no identity provider. */
const WAYS = {
  password: {
    other: "key",
    change: "Sign in with a user name",
    name: { label: "User name", autoComplete: "username" },
    secret: { label: "Password", autoComplete: "current-password" },
    proof: (username: string, password: string): Proof => ({
      at: "/session",
      says: { username, password },
    }),
  },
  key: {
    other: "password",
    change: "Sign in with an API key",
    name: { label: "Key ID", autoComplete: "off" },
    secret: { label: "Secret", autoComplete: "off" },
    proof: (id: string, secret: string): Proof => ({
      at: "/session/key",
      says: { id: id.trim(), secret: secret.trim() },
    }),
  },
} as const;

export function SignIn() {
  const cache = useQueryClient();
  const { pathname, search } = useLocation();
  const provider = useProvider();
  const [chosen, choose] = useState<keyof typeof WAYS>(
    pathname === "/apikeytoken" ? "key" : "password",
  );
  const way = WAYS[chosen];
  const enter = useMutation({
    mutationFn: signIn,
    onSuccess: () => cache.invalidateQueries({ queryKey: ["session"] }),
  });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    enter.mutate(
      way.proof(String(form.get("name")), String(form.get("secret"))),
    );
  }

  return (
    <main className="narrow">
      <h1>Stackyard</h1>
      {provider.data && (
        <p className="panel">
          <a
            className="button primary"
            href={`/sso?return_to=${encodeURIComponent(wayBack(search) ?? pathname)}`}
          >
            Sign in with your identity provider
          </a>
        </p>
      )}
      <form key={chosen} onSubmit={submit} className="panel">
        <label>
          {way.name.label}
          <input
            name="name"
            autoComplete={way.name.autoComplete}
            required
            autoFocus={!provider.data}
          />
        </label>
        <label>
          {way.secret.label}
          <input
            name="secret"
            type="password"
            autoComplete={way.secret.autoComplete}
            required
          />
        </label>
        <Problem error={enter.error} />
        <button className="primary" disabled={enter.isPending}>
          {enter.isPending ? "Signing in…" : "Sign in"}
        </button>
      </form>
      <p className="other-ways">
        <button
          className="link"
          onClick={() => {
            enter.reset();
            choose(way.other);
          }}
        >
          {WAYS[way.other].change}
        </button>
      </p>
    </main>
  );
}
