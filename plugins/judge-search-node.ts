import type { Judgement } from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { judgeFailure, judgeStranger, judgeUp } from "./judge-failure.ts";
import type { Meanings } from "./meaning.ts";

/** `GET /_cluster/health`, as far as it is judged. */
const Health = z.object({
  status: z.enum(["green", "yellow", "red"]),
  number_of_nodes: z.number(),
  unassigned_shards: z.number(),
});
/** What the judge reads. `flooded`: indices that a full disk has blocked; null: this account may not see. */
const Sample = z.object({
  health: Health,
  blocks: z.object({ global: z.array(z.string()), flooded: z.number() }).nullable(),
});

/** Numbers of blocks in the server's source (Metadata and IndexMetadata): what refuses writes on the whole cluster. */
const READ_ONLY_BLOCKS: ReadonlySet<string> = new Set(["6", "13"]);
const LOCKOUT =
  "correct user and password first, then wait: servers from 7.10.2 on may lock the account for 15 minutes after a wrong password, so that it is tried once a minute only";
const proxied = { verdict: "down", reason: "unreachable" } as const;
const noMaster = {
  verdict: "down",
  reason: "wrong-status",
  advice:
    "the node answers but has no elected master: see that most master-eligible nodes run and reach each other",
} as const;

/** Statuses of HTTP that say more than that the server answered. */
export const SEARCH_MEANINGS: Meanings = {
  "401": { verdict: "config", reason: "auth-failed", advice: LOCKOUT },
  "403": {
    verdict: "config",
    reason: "permission-denied",
    advice: 'give {user} a role with the cluster privilege "monitor"',
  },
  "408": noMaster,
  "429": {
    verdict: "degraded",
    reason: "saturated",
    advice: "the cluster turns requests away: look at its thread pools, circuit breakers and heap",
  },
  "502": proxied,
  "503": noMaster,
  "504": proxied,
};

/**
 * Judges one node of a search cluster.
 *
 * @param outcome how its probe ended
 * @param address the node's
 * @param user whom the probe logs in as; empty: nobody
 */
export function judgeSearchNode(outcome: ProbeOutcome, address: string, user: string): Judgement {
  if (outcome.type !== "answered") {
    return judgeFailure(outcome, {
      address,
      user,
      meanings: SEARCH_MEANINGS,
      isEngineCode: (code) => /^[1-5][0-9]{2}$/.test(code),
    });
  }
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined) return judgeStranger("Elasticsearch", address);
  const { health, blocks } = sample;
  return judgeBlocks(blocks, address) ?? judgeHealth(health, outcome.latencyMs, blocks === null);
}

function judgeBlocks(blocks: z.infer<typeof Sample>["blocks"], address: string): Judgement | null {
  if (blocks === null) return null;
  if (blocks.global.some((block) => READ_ONLY_BLOCKS.has(block))) {
    return {
      verdict: "read_only",
      reason: "read-only",
      words: `the cluster of ${address} is read-only`,
      advice:
        'PUT _cluster/settings {"persistent":{"cluster.blocks.read_only":null,"cluster.blocks.read_only_allow_delete":null}}, and the same as transient',
    };
  }
  if (blocks.flooded === 0) return null;
  return {
    verdict: "read_only",
    reason: "disk-full",
    words: `${blocks.flooded} indices of ${address} take no writes: a disk is beyond its flood stage`,
    advice:
      'free space on the data nodes; before 7.4 also PUT _all/_settings {"index.blocks.read_only_allow_delete":null}',
  };
}

function judgeHealth(
  { status, number_of_nodes: nodes, unassigned_shards: unassigned }: z.infer<typeof Health>,
  latencyMs: number,
  isBlind: boolean,
): Judgement {
  const missing = unassigned === 0 ? "" : `, ${unassigned} shards unassigned`;
  if (status === "red") {
    return {
      verdict: "degraded",
      reason: "incomplete",
      words: `status red${missing}: some data cannot be reached`,
      advice: "GET _cluster/allocation/explain tells why a shard has no copy",
    };
  }
  const unseen = isBlind ? ", write blocks are not visible to this account" : "";
  return judgeUp(latencyMs, `status ${status}, ${nodes} nodes${missing}${unseen}`);
}
