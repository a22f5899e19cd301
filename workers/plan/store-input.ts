import type { Warning } from "@evenkeel/contracts/api";
import type { StoreUpdate } from "@evenkeel/contracts/api-stores";
import type { z } from "zod";
import type { sites, stores } from "../db/schema.ts";
import { type InputIssue, refuseInput } from "../validation.ts";
import { type Recipient, seal } from "./seal.ts";

type StoreRow = typeof stores.$inferSelect;
type SiteRow = typeof sites.$inferSelect;
type StoreInput = z.infer<typeof StoreUpdate>;

/** What a store's new configuration is read against. */
export interface StoreSurroundings {
  /** The store as it is; undefined: there is none of this name yet. */
  readonly before: StoreRow | undefined;
  readonly others: readonly StoreRow[];
  readonly sites: readonly SiteRow[];
  /** The agents that secrets are sealed to. */
  readonly recipients: readonly Recipient[];
}

/**
 * Reads a store's new configuration.
 *
 * @param input what the caller sent
 * @param surroundings what there is
 * @returns the columns to be stored
 * @throws AppError invalid-input, no-agent
 */
export async function readStore(
  input: StoreInput,
  surroundings: StoreSurroundings,
): Promise<Omit<StoreRow, "id" | "instanceId" | "name">> {
  const { before, recipients } = surroundings;
  const issues = [...listContradictions(input, before), ...listSiteConflicts(input.sites, surroundings)];
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

/** A site has one store at most: a process follows one, and must not have to guess which. */
function listSiteConflicts(
  wanted: readonly string[],
  { others, sites: known }: StoreSurroundings,
): InputIssue[] {
  const issues: InputIssue[] = [];
  const isUnknown = wanted.some((id) => !known.some((site) => site.id === id));
  if (isUnknown) issues.push({ path: "sites", expected: "must be ids of sites of this instance" });
  for (const other of others) {
    const isAll = wanted.length === 0 || other.sites.length === 0;
    const shared = known.filter(({ id }) => isAll || (wanted.includes(id) && other.sites.includes(id)));
    if (!isAll && shared.length === 0) continue;
    const names = isAll ? "all sites" : shared.map(({ name }) => name).join(", ");
    issues.push({
      path: "sites",
      expected: `must not be served by two stores: this one and ${other.name} would both serve ${names}`,
    });
  }
  return issues;
}

/**
 * Remarks on sites without a store: their agents cannot write routes, and their processes follow none.
 *
 * @param rows the stores
 * @param known the sites
 * @returns at most one remark
 */
export function listUnserved(rows: readonly StoreRow[], known: readonly SiteRow[]): Warning[] {
  const isServed = (id: string) => rows.some((row) => row.sites.length === 0 || row.sites.includes(id));
  const names = known.filter(({ id }) => !isServed(id)).map(({ name }) => name);
  if (names.length === 0) return [];
  const text = `No route store serves ${names.join(", ")}: name these sites at one, or applications there follow no route`;
  return [{ id: "site-without-store", text }];
}
