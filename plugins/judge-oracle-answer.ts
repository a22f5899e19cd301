import type { Judgement } from "@evenkeel/contracts/observation";
import { z } from "zod";
import { judgeConnections } from "./connection-share.ts";
import { judgeStranger, judgeUp } from "./judge-failure.ts";

/** The rows of an answer: the same database and instance in each, another resource. */
const Sample = z
  .array(
    z.object({
      /** `READ WRITE`, `READ ONLY`, `READ ONLY WITH APPLY` or `MOUNTED` (V$DATABASE). */
      openMode: z.string(),
      /** `PRIMARY`, `PHYSICAL STANDBY`, `LOGICAL STANDBY`, `SNAPSHOT STANDBY` or `FAR SYNC`. */
      role: z.string(),
      /** `OPEN`, `STARTED`, `MOUNTED` or `OPEN MIGRATE` (V$INSTANCE). */
      status: z.string(),
      /** `ALLOWED` or `RESTRICTED`. */
      logins: z.string(),
      resource: z.enum(["sessions", "processes"]).nullable(),
      used: z.number().nullable(),
      /** A number in digits, or `UNLIMITED`. */
      allowed: z.string().nullable(),
    }),
  )
  .min(1);
type Row = z.infer<typeof Sample>[number];

/** Longest part of a server's own word that is shown. */
const SHOWN_MAX = 40;

const readOnly = (words: string, advice?: string): Judgement => ({
  verdict: "read_only",
  reason: "read-only",
  words,
  ...(advice === undefined ? {} : { advice }),
});
const show = (word: string) => word.toLowerCase().slice(0, SHOWN_MAX);

/**
 * Judges what an instance says about itself: only a primary that is open for writing, to everybody, is up.
 *
 * @param raw the rows
 * @param latencyMs how long they took, in milliseconds
 * @param address the instance's
 * @returns the judgement
 */
export function judgeOracleAnswer(raw: unknown, latencyMs: number, address: string): Judgement {
  const rows = Sample.safeParse(raw).data;
  const [first] = rows ?? [];
  if (rows === undefined || first === undefined) return judgeStranger("Oracle", address);
  const { openMode, role, status, logins } = first;
  if (role !== "PRIMARY") return readOnly(`${address} is a ${show(role)}, ${show(openMode)}`);
  if (openMode !== "READ WRITE") return readOnly(`${address} is ${show(openMode)}`);
  if (logins === "RESTRICTED") {
    return readOnly(
      `${address} lets only administrators log in`,
      "ALTER SYSTEM DISABLE RESTRICTED SESSION, when nobody needs it any more",
    );
  }
  const full = rows.map(judgeResource).find((one) => one !== null);
  if (full !== undefined && full !== null) return full;
  const about = [`primary, ${show(openMode)}`, ...rows.flatMap(describeResource)];
  if (status !== "OPEN") about.push(`instance ${show(status)}`);
  return judgeUp(latencyMs, about.join(", "));
}

/**
 * Names what an instance is.
 *
 * @param raw its rows
 * @returns null: these are none
 */
export function describeOracleRole(raw: unknown): string | null {
  const first = Sample.safeParse(raw).data?.[0];
  return first === undefined ? null : `${show(first.role)}, ${show(first.openMode)}`;
}

function judgeResource({ resource, used, allowed }: Row): Judgement | null {
  if (resource === null || used === null) return null;
  const full = judgeConnections(used, Number(allowed));
  return (
    full && {
      ...full,
      words: `${used} of ${allowed} ${resource} are in use`,
      advice: `raise it (ALTER SYSTEM SET ${resource}=… SCOPE=SPFILE, then a restart), or find who holds sessions in V$SESSION`,
    }
  );
}

function describeResource({ resource, used, allowed }: Row): string[] {
  if (resource === null || used === null) return [];
  return [Number.isNaN(Number(allowed)) ? `${used} ${resource}` : `${used} of ${allowed} ${resource}`];
}
