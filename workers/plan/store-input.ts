import type { StoreUpdate } from "@evenkeel/contracts/api";
import type { z } from "zod";
import type { stores } from "../db/schema.ts";
import { type InputIssue, refuseInput } from "../validation.ts";
import { type Recipient, seal } from "./seal.ts";

type StoreRow = typeof stores.$inferSelect;
type StoreInput = z.infer<typeof StoreUpdate>;

/**
 * Reads a store's new configuration.
 *
 * @param input what the caller sent
 * @param before the store as it is; undefined: there is none yet
 * @param recipients the agents that secrets are sealed to
 * @returns the columns to be stored
 * @throws AppError invalid-input, no-agent
 */
export async function readStore(
  input: StoreInput,
  before: StoreRow | undefined,
  recipients: readonly Recipient[],
): Promise<Omit<StoreRow, "id" | "instanceId">> {
  const issues = listContradictions(input, before);
  if (issues.length > 0) throw refuseInput(issues);
  const { password, clientKeyPem, ...open } = input;
  if (open.user === null && open.clientCertPem === null) return { ...open, sealed: null };
  const secret = {
    ...(password === undefined ? {} : { password }),
    ...(clientKeyPem === undefined ? {} : { clientKeyPem }),
  };
  const isKept = Object.keys(secret).length === 0;
  return { ...open, sealed: isKept ? (before?.sealed ?? null) : await seal(secret, recipients) };
}

/** What fits its own field and not the others. Nobody but the agents can open what is sealed, so that it is never added to. */
function listContradictions(input: StoreInput, before: StoreRow | undefined): InputIssue[] {
  const { user, password, clientCertPem, clientKeyPem, endpoints } = input;
  const hadKey = before?.clientCertPem != null && before.sealed != null;
  const rows: readonly (readonly [boolean, string, string])[] = [
    [password !== undefined && user === null, "user", "is needed with a password"],
    [clientKeyPem !== undefined && clientCertPem === null, "clientCertPem", "is needed with clientKeyPem"],
    [
      clientCertPem !== null && clientKeyPem === undefined && !hadKey,
      "clientKeyPem",
      "is needed with clientCertPem",
    ],
    [
      clientCertPem !== null && clientKeyPem === undefined && hadKey && password !== undefined,
      "clientKeyPem",
      "is sealed together with the password: enter both",
    ],
    [
      clientKeyPem !== undefined && user !== null && password === undefined,
      "password",
      "is sealed together with the client key: enter both",
    ],
    [
      clientCertPem !== null && endpoints.some((endpoint) => endpoint.startsWith("http:")),
      "endpoints",
      "must all be https where there is a client certificate",
    ],
  ];
  return rows.filter(([isWrong]) => isWrong).map(([, path, expected]) => ({ path, expected }));
}
