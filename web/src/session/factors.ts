// Second factors: what the server is asked, and what the browser's key is asked.

import { ApiError, send } from "../api/client";

const BASE = "/session/second-factor";

export interface Held {
  keys: { id: string; name: string; created_at: number }[];
  /** Whether an authenticator app is set up. */
  app: boolean;
  backup_codes_left: number;
}

async function call(
  path: string,
  method: "GET" | "POST" | "DELETE" = "POST",
  says?: unknown,
): Promise<Response> {
  const answer = await send(`${BASE}${path}`, {
    method,
    headers: { "Content-Type": "application/json", "X-Stackyard-Csrf": "1" },
    body: says === undefined ? null : JSON.stringify(says),
  });
  if (!answer.ok) {
    const { message } = (await answer.json()) as { message: string };
    throw new ApiError(message);
  }
  return answer;
}

export async function held(): Promise<Held> {
  return (await (await call("", "GET")).json()) as Held;
}

export async function proveByCode(code: string): Promise<void> {
  await call("/code", "POST", { code });
}

export async function proveByKey(): Promise<void> {
  const asked = (await (
    await call("/challenge")
  ).json()) as PublicKeyCredentialRequestOptionsJSON;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked);
  const credential = await answered(() =>
    navigator.credentials.get({ publicKey }),
  );
  await call("/key", "POST", { credential });
}

export async function addKey(name: string): Promise<void> {
  const asked = (await (
    await call("/keys/challenge")
  ).json()) as PublicKeyCredentialCreationOptionsJSON;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked);
  const credential = await answered(() =>
    navigator.credentials.create({ publicKey }),
  );
  await call("/keys", "POST", { name, credential });
}

export async function removeKey(id: string): Promise<void> {
  await call(`/keys/${id}`, "DELETE");
}

export async function newApp(): Promise<{ secret: string; uri: string }> {
  return (await (await call("/app")).json()) as { secret: string; uri: string };
}

/** Returns backup codes, which are never shown again. */
export async function confirmApp(code: string): Promise<string[]> {
  return codes(await call("/app/confirm", "POST", { code }));
}

export async function removeApp(): Promise<void> {
  await call("/app", "DELETE");
}

export async function newBackupCodes(): Promise<string[]> {
  return codes(await call("/backup-codes"));
}

async function codes(answer: Response): Promise<string[]> {
  return ((await answer.json()) as { backup_codes: string[] }).backup_codes;
}

/** Ask the security key; say in words that nothing came of it. */
async function answered(
  ask: () => Promise<Credential | null>,
): Promise<unknown> {
  try {
    const credential = await ask();
    if (credential instanceof PublicKeyCredential) return credential.toJSON();
  } catch {
    // the browser says why in words for programmers
  }
  throw new ApiError("The security key did not answer. Try again.");
}
