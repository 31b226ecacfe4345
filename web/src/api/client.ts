// The one way to the API. The page is a client of it like any other.

import type { TypedDocumentString } from "./generated/graphql";

export class ApiError extends Error {}

/** Nobody is signed in, or the session has ended. */
export class SignedOutError extends ApiError {}

const TIMEOUT_MS = 30_000;

/** Send *document* and return its data; the first error's message is the error's text. */
export async function ask<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
): Promise<Result> {
  const answer = await send("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Stackyard-Csrf": "1" },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const body = (await answer.json()) as {
    data?: Result;
    errors?: { message: string; extensions?: { code?: string } }[];
  };
  const problem = body.errors?.[0];
  if (problem) {
    // what is forbidden says "unauthorized", too: only the code tells them apart
    throw problem.extensions?.code === "UNAUTHORIZED"
      ? new SignedOutError(problem.message)
      : new ApiError(problem.message);
  }
  return body.data as Result;
}

/** Fetch with a deadline; says in words what went wrong. */
export async function send(
  path: string,
  options: RequestInit,
): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      ...options,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new ApiError(
      "The server does not answer. Check your connection and try again.",
    );
  }
  if (answer.status >= 500) {
    throw new ApiError(
      `The server has a problem (${answer.status}). Try again in a moment.`,
    );
  }
  return answer;
}
