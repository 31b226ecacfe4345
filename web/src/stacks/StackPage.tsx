import {
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "react-router";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import { useHints } from "../api/live";
import { Fact } from "../ui/Fact";
import { Problem } from "../ui/Problem";
import { State } from "../ui/State";
import { Ago } from "../ui/time";
import { StackRoles } from "./StackRoles";

const STACK = graphql(`
  query Stack($id: ID!) {
    stack(id: $id) {
      id
      name
      description
      state
      branch
      repository
      projectRoot
      autodeploy
      isDisabled
      lockedBy
      labels
      blocker {
        id
      }
      trackedCommit {
        hash
        message
      }
      outputs {
        id
        value
        sensitive
      }
    }
  }
`);

const RUNS = graphql(`
  query StackRuns($id: ID!, $before: ID) {
    stack(id: $id) {
      runs(before: $before) {
        id
        type
        state
        title
        createdAt
        triggeredBy
        delta {
          addCount
          changeCount
          deleteCount
        }
        commit {
          hash
        }
      }
    }
  }
`);

const TRIGGER = graphql(`
  mutation Trigger($id: ID!, $type: RunType) {
    runTrigger(stack: $id, runType: $type) {
      id
    }
  }
`);

const PAGE = 50;

export function StackPage() {
  const { stackId = "" } = useParams();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const stack = useQuery({
    queryKey: ["stack", stackId],
    queryFn: () => ask(STACK, { id: stackId }),
  });
  useHints(
    stack.data?.stack ? `/stacks/${stackId}/events` : null,
    "run",
    () => {
      void cache.invalidateQueries({ queryKey: ["stack", stackId] });
    },
  );
  const trigger = useMutation({
    mutationFn: (type: "TRACKED" | "PROPOSED") =>
      ask(TRIGGER, { id: stackId, type }),
    onSuccess: ({ runTrigger }) =>
      navigate(`/stack/${stackId}/run/${runTrigger.id}`),
  });

  if (stack.isPending) return <main aria-busy="true">Loading…</main>;
  const found = stack.data?.stack;
  if (!found) {
    return (
      <main>
        <Problem error={stack.error} />
        {stack.isSuccess && (
          <p className="empty">
            There is no such stack, or you may not see it.
          </p>
        )}
      </main>
    );
  }
  return (
    <main>
      <nav aria-label="Breadcrumb">
        <Link to="/">Stacks</Link>
      </nav>
      <div className="bar">
        <h1>
          {found.name} <State state={found.state} />
        </h1>
        <span className="actions">
          <button
            onClick={() => trigger.mutate("PROPOSED")}
            disabled={trigger.isPending}
          >
            Preview
          </button>
          <button
            className="primary"
            onClick={() => trigger.mutate("TRACKED")}
            disabled={trigger.isPending || found.isDisabled}
          >
            Trigger
          </button>
        </span>
      </div>
      <Problem error={trigger.error} />
      {found.description && <p>{found.description}</p>}
      <dl className="facts">
        <Fact name="Repository">{found.repository}</Fact>
        <Fact name="Branch">{found.branch}</Fact>
        <Fact name="Project root">{found.projectRoot || "/"}</Fact>
        <Fact name="Deploys">
          {found.autodeploy ? "automatically" : "after confirmation"}
        </Fact>
        <Fact name="Commit">
          {found.trackedCommit
            ? found.trackedCommit.hash.slice(0, 8)
            : "not known yet"}
        </Fact>
        {found.lockedBy && <Fact name="Locked by">{found.lockedBy}</Fact>}
      </dl>
      <Outputs outputs={found.outputs} />
      <Runs stackId={stackId} />
      <StackRoles stackId={stackId} />
    </main>
  );
}

interface Output {
  id: string;
  value?: string | null;
  sensitive: boolean;
}

function Outputs({ outputs }: { outputs: readonly Output[] }) {
  if (outputs.length === 0) return null;
  return (
    <section aria-labelledby="outputs">
      <h2 id="outputs">Outputs</h2>
      <dl className="facts">
        {outputs.map((output) => (
          <Fact key={output.id} name={output.id}>
            <code>{output.sensitive ? "sensitive" : output.value}</code>
          </Fact>
        ))}
      </dl>
    </section>
  );
}

function Runs({ stackId }: { stackId: string }) {
  const runs = useInfiniteQuery({
    queryKey: ["stack", stackId, "runs"],
    queryFn: ({ pageParam }) => ask(RUNS, { id: stackId, before: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ stack }) =>
      stack && stack.runs.length >= PAGE
        ? (stack.runs.at(-1)?.id ?? null)
        : null,
  });
  const rows = runs.data?.pages.flatMap(({ stack }) => stack?.runs ?? []) ?? [];
  return (
    <section aria-labelledby="runs">
      <h2 id="runs">Runs</h2>
      <Problem error={runs.error} />
      {runs.isSuccess && rows.length === 0 && (
        <p className="empty">
          No runs yet. Push to the branch, or press Trigger.
        </p>
      )}
      <ul className="rows">
        {rows.map((run) => (
          <li key={run.id}>
            <Link to={`/stack/${stackId}/run/${run.id}`} className="row">
              <span className="grow">
                <strong>{run.title}</strong>
                <small>
                  {run.type.toLowerCase()} · {run.commit.hash.slice(0, 8)}
                  {run.triggeredBy ? ` · ${run.triggeredBy}` : ""}
                </small>
              </span>
              {run.delta && (
                <small>
                  +{run.delta.addCount} ~{run.delta.changeCount} −
                  {run.delta.deleteCount}
                </small>
              )}
              <Ago at={run.createdAt} />
              <State state={run.state} />
            </Link>
          </li>
        ))}
      </ul>
      {runs.hasNextPage && (
        <button onClick={() => void runs.fetchNextPage()}>Show more</button>
      )}
    </section>
  );
}
