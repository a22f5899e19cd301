import { type Judgement, WORDS_MAX } from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import type { JudgedAddress } from "./judge-addresses.ts";
import { judgeUp } from "./judge-failure.ts";
import { judgeRedisFailure, judgeRedisInfo, judgeRedisServer, ServerSample } from "./judge-redis-server.ts";
import {
  CLUSTER_SLOTS,
  type ClusterView,
  describeSlots,
  joinFew,
  nameNode,
  readClusterView,
} from "./redis-cluster-view.ts";
import { NODE_MEANINGS } from "./redis-meanings.ts";

const NodeSample = ServerSample.extend({ info: z.string().nullable(), nodes: z.string().nullable() });
type NodeSample = z.infer<typeof NodeSample>;

/** A node with its judgement. */
export interface JudgedNode extends JudgedAddress {
  /** How the node sees its cluster; null: it did not tell. */
  readonly view: ClusterView | null;
  readonly latencyMs: number;
}

/**
 * Judges one node on its own: whether it serves, and in which role.
 *
 * @param outcome how its probe ended
 * @param address the node's
 * @param user whom the probe logs in as
 */
export function judgeNode(outcome: ProbeOutcome, address: string, user: string): JudgedNode {
  const subject = { address, user, meanings: NODE_MEANINGS };
  const told = (judgement: Judgement, view: ClusterView | null = null, latencyMs = 0) => ({
    address,
    judgement,
    view,
    latencyMs,
  });
  if (outcome.type !== "answered") return told(judgeRedisFailure(outcome, subject));
  const sample = NodeSample.safeParse(outcome.sample).data;
  // A sentinel and a stranger are told as everywhere.
  if (sample === undefined || sample.role === "sentinel") return told(judgeRedisServer(outcome, subject));
  const view = sample.info === null ? null : readClusterView(sample.info, sample.nodes ?? "");
  if (view === null) {
    return told({
      verdict: "config",
      reason: "bad-settings",
      words: `${address} is not a node of a cluster`,
      advice: "choose the mode normal, or enter the addresses of nodes with cluster-enabled yes",
    });
  }
  return told(judgeRole(sample, view, outcome.latencyMs), view, outcome.latencyMs);
}

function judgeRole(sample: NodeSample, view: ClusterView, latencyMs: number): Judgement {
  const myself = view.nodes.find((node) => node.isMyself);
  const slots = myself === undefined ? "" : describeSlots(myself);
  const role = sample.role === "master" ? `master${slots}` : `replica of ${sample.master ?? "no master"}`;
  const trouble = judgeCoverage(view);
  if (trouble !== null) return { ...trouble, words: `${role}: ${trouble.words}` };
  if (sample.role !== "master" && sample.link !== "connected") {
    const words = `${role}, with which it is not in step (${sample.link ?? "unknown"})`;
    return { verdict: "degraded", reason: "lagging", words };
  }
  return judgeRedisInfo(sample) ?? judgeUp(latencyMs, role);
}

/**
 * Judges whether a cluster serves all keys.
 *
 * @param view as one of its nodes sees it
 * @returns down; null if it serves them
 */
export function judgeCoverage(view: ClusterView): Judgement | null {
  const down = (words: string, advice: string): Judgement => ({
    verdict: "down",
    reason: "incomplete",
    code: "CLUSTERDOWN",
    words: words.slice(0, WORDS_MAX),
    advice,
  });
  if (view.assignedSlots === 0)
    return down("the cluster holds no slots yet", "redis-cli --cluster create makes a cluster of nodes");
  if (view.assignedSlots < CLUSTER_SLOTS) {
    const missing = CLUSTER_SLOTS - view.assignedSlots;
    return down(`${missing} of ${CLUSTER_SLOTS} slots belong to no master`, "redis-cli --cluster fix");
  }
  if (view.failedSlots > 0) {
    const lost = view.nodes.filter((node) => node.state === "failed" && node.slots.length > 0);
    return down(
      `${view.failedSlots} of ${CLUSTER_SLOTS} slots are not served: lost ${joinFew(lost.map(nameNode))}`,
      "start a lost master or a replica of it, or CLUSTER FAILOVER TAKEOVER on the replica",
    );
  }
  if (view.isOk) return null;
  return down(
    "cluster_state is fail: it does not reach most of the masters",
    "see that the nodes reach each other's bus ports (port + 10000)",
  );
}
