import { useInfiniteQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import type { SessionsQuery } from "../api/generated/graphql";
import { ConfirmButton } from "../ui/ConfirmButton";
import { Problem } from "../ui/Problem";
import { Table } from "../ui/Table";
import { Ago } from "../ui/time";
import { agent } from "./agent";

const SESSIONS = graphql(`
  query Sessions($before: ID) {
    sessions(before: $before) {
      id
      name
      method
      address
      agent
      commandLine
      machine
      current
      createdAt
      seenAt
    }
  }
`);

const END = graphql(`
  mutation EndSession($id: ID!) {
    sessionDelete(id: $id) {
      id
    }
  }
`);

const END_OTHERS = graphql(`
  mutation EndOtherSessions {
    sessionsDeleteOthers
  }
`);

type Session = SessionsQuery["sessions"][number];

const PAGE = 100; // as many as the server gives at once

export function SessionList() {
  const sessions = useInfiniteQuery({
    queryKey: ["sessions"],
    queryFn: async ({ pageParam }) =>
      (await ask(SESSIONS, { before: pageParam })).sessions,
    initialPageParam: null as string | null,
    getNextPageParam: (page) =>
      page.length >= PAGE ? (page.at(-1)?.id ?? null) : null,
  });
  const rows = sessions.data?.pages.flat() ?? [];
  return (
    <>
      <div className="bar">
        <h1>Sessions</h1>
        {rows.some(({ current }) => !current) && (
          <ConfirmButton
            label="End all others"
            title="End all other sessions?"
            action="End them"
            run={() => ask(END_OTHERS, {})}
          >
            Everybody but you, in this browser, has to sign in again.
          </ConfirmButton>
        )}
      </div>
      <p className="muted">Who is signed in, the newest first.</p>
      <Problem error={sessions.error} />
      {sessions.isPending && <p aria-busy="true">Loading…</p>}
      {sessions.isSuccess && (
        <Table
          name="sessions"
          rows={rows}
          textOf={({ name, address, method, agent }) =>
            [name, address, METHODS[method], agent].join(" ")
          }
          empty="Nobody is signed in."
          columns={[
            { head: "Who", cell: (session) => <Who session={session} /> },
            { head: "By", cell: ({ method }) => METHODS[method] },
            { head: "From", cell: (session) => <From session={session} /> },
            { head: "Last seen", cell: ({ seenAt }) => <Ago at={seenAt} /> },
            { head: "Actions", cell: (session) => <End session={session} /> },
          ]}
        />
      )}
      {sessions.hasNextPage && (
        <button onClick={() => void sessions.fetchNextPage()}>Show more</button>
      )}
    </>
  );
}

const METHODS: Record<Session["method"], string> = {
  ADMIN: "admin sign-in",
  API_KEY: "API key",
  OIDC: "OpenID Connect",
  SAML: "SAML",
};

function Who({ session }: { session: Session }) {
  return (
    <>
      <strong>{session.name}</strong>{" "}
      {session.current && <span className="state good">this one</span>}
      {session.machine && <small>a machine</small>}
      <small>
        since <Ago at={session.createdAt} />
      </small>
    </>
  );
}

function From({ session }: { session: Session }) {
  return (
    <>
      {session.address}
      <small title={session.agent}>
        {session.commandLine ? "the command line" : agent(session.agent)}
      </small>
    </>
  );
}

function End({ session }: { session: Session }) {
  const { id, name, current } = session;
  return (
    <ConfirmButton
      label="End"
      name={`End the session of ${name}`}
      title={`End the session of ${name}?`}
      run={() => ask(END, { id })}
    >
      {current
        ? "This is your own: you will have to sign in again."
        : `${name} has to sign in again there.`}
    </ConfirmButton>
  );
}
