import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "react-router";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import type { ShownFragment } from "../api/generated/graphql";
import { useHints } from "../api/live";
import { Problem } from "../ui/Problem";
import { State, words } from "../ui/State";
import { Ago, duration } from "../ui/time";
import { Changes } from "./Changes";
import { Log } from "./Log";
import { verbsOf, type Verb } from "./verbs";

const RUN = graphql(`
  query Run($stack: ID!, $run: ID!) {
    stack(id: $stack) {
      id
      name
      run(id: $run) {
        ...Shown
      }
    }
  }
`);

const MODULE_RUN = graphql(`
  query ModuleRun($module: ID!, $run: ID!) {
    module(id: $module) {
      id
      name
      run(id: $run) {
        ...Shown
      }
    }
  }
`);

graphql(`
  fragment Shown on Run {
    id
    type
    state
    stateVersion
    title
    branch
    createdAt
    triggeredBy
    finished
    canRetry
    waitingFor
    commit {
      hash
      message
      authorName
    }
    delta {
      addCount
      changeCount
      deleteCount
    }
    changesV3(input: {}) {
      resources {
        address
        previousAddress
        actions
      }
    }
    history {
      state
      stateVersion
      timestamp
      username
      note
      hasLogs
      terminal
    }
  }
`);

const VERBS = {
  confirm: graphql(`
    mutation Confirm($stack: ID!, $run: ID!) {
      runConfirm(stack: $stack, run: $run) {
        id
      }
    }
  `),
  discard: graphql(`
    mutation Discard($stack: ID!, $run: ID!) {
      runDiscard(stack: $stack, run: $run) {
        id
      }
    }
  `),
  stop: graphql(`
    mutation Stop($stack: ID!, $run: ID!) {
      runStop(stack: $stack, run: $run) {
        id
      }
    }
  `),
  retry: graphql(`
    mutation Retry($stack: ID!, $run: ID!) {
      runRetry(stack: $stack, run: $run) {
        id
      }
    }
  `),
} as const;

// States in which a worker may be printing.
const PRINTING = new Set([
  "PREPARING",
  "INITIALIZING",
  "PLANNING",
  "PREPARING_REPLAN",
  "PREPARING_APPLY",
  "APPLYING",
  "PERFORMING",
  "DESTROYING",
]);

type Run = ShownFragment;
type Step = Run["history"][number];

export function RunPage() {
  const { stackId = "", moduleId, runId = "" } = useParams();
  const cache = useQueryClient();
  const query = useQuery({
    queryKey: ["run", runId],
    queryFn: async () =>
      moduleId === undefined
        ? (await ask(RUN, { stack: stackId, run: runId })).stack
        : (await ask(MODULE_RUN, { module: moduleId, run: runId })).module,
  });
  const run = query.data?.run;
  const act = useMutation({
    mutationFn: async (verb: Verb) => {
      await ask(VERBS[verb] as (typeof VERBS)["confirm"], {
        stack: moduleId ?? stackId,
        run: runId,
      });
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ["run", runId] }),
  });
  useHints(
    run && !run.finished ? `/runs/${runId}/events` : null,
    "state",
    () => {
      void cache.invalidateQueries({ queryKey: ["run", runId] });
    },
  );

  if (query.isPending) return <main aria-busy="true">Loading…</main>;
  if (!run) {
    return (
      <main>
        <Problem error={query.error} />
        {query.isSuccess && (
          <p className="empty">There is no such run, or you may not see it.</p>
        )}
      </main>
    );
  }
  return (
    <main>
      <nav aria-label="Breadcrumb">
        {moduleId === undefined ? (
          <>
            <Link to="/">Stacks</Link> /{" "}
            <Link to={`/stack/${stackId}`}>{query.data?.name}</Link>
          </>
        ) : (
          `Module ${query.data?.name}`
        )}
      </nav>
      <div className="bar">
        <h1>
          {run.title} <State state={run.state} />
        </h1>
        <span className="actions">
          {verbsOf(run).map((verb) => (
            <button
              key={verb}
              className={verb === "confirm" ? "primary" : ""}
              disabled={act.isPending}
              onClick={() => act.mutate(verb)}
            >
              {words(verb.toUpperCase())}
            </button>
          ))}
        </span>
      </div>
      <p role="status" className="lead">
        {run.waitingFor
          ? `Waits for ${run.waitingFor}.`
          : `The run is ${words(run.state)}.`}
      </p>
      <Problem error={act.error} />
      <p>
        <small>
          {run.type.toLowerCase()} run of {run.commit.hash.slice(0, 8)} on{" "}
          {run.branch}, started <Ago at={run.createdAt} />
          {run.triggeredBy ? ` by ${run.triggeredBy}` : ""}
        </small>
      </p>
      {run.delta && <Changes delta={run.delta} groups={run.changesV3} />}
      <History run={run} />
    </main>
  );
}

/** What the run went through, oldest first; each phase with what it printed. */
function History({ run }: { run: Run }) {
  const steps = [...run.history].reverse();
  return (
    <section aria-labelledby="history">
      <h2 id="history">History</h2>
      <ol className="history">
        {steps.map((step, index) => (
          <li key={step.stateVersion}>
            <Phase
              run={run}
              step={step}
              next={steps[index + 1]}
              newest={index === steps.length - 1}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Phase(props: {
  run: Run;
  step: Step;
  next: Step | undefined;
  newest: boolean;
}) {
  const { run, step, next, newest } = props;
  const took = next ? next.timestamp - step.timestamp : null;
  const live = newest && PRINTING.has(step.state);
  return (
    <>
      <div className="bar">
        <span>
          <State state={step.state} />{" "}
          {step.username && <small>by {step.username}</small>}
        </span>
        <small>
          {took === null ? <Ago at={step.timestamp} /> : duration(took)}
        </small>
      </div>
      {step.note && <p className="note">{step.note}</p>}
      {(step.hasLogs || live) && (
        <Log
          run={run.id}
          version={step.stateVersion}
          open={live || step.state === "PLANNING" || step.state === "APPLYING"}
          label={`Log of ${words(step.state)}`}
        />
      )}
    </>
  );
}
