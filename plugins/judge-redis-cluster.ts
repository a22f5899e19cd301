import { ADDRESSES_MAX, type Judgement, WORDS_MAX } from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { combineParts, type JudgedAddress, listOutcomes, renderPart } from "./judge-addresses.ts";
import { adviseToo, judgeUp } from "./judge-failure.ts";
import { type JudgedNode, judgeCoverage, judgeNode } from "./judge-redis-node.ts";
import { judgeRedisServer } from "./judge-redis-server.ts";
import {
  type ClusterNode,
  type ClusterView,
  describeSlots,
  joinFew,
  nameNode,
} from "./redis-cluster-view.ts";
import { NODE_MEANINGS } from "./redis-meanings.ts";

/**
 * Judges a Redis cluster: as the best informed of its nodes sees it, made worse by the nodes that do not answer us. A
 * cluster that serves all its slots is `up` if each master has a replica and no node is lost, else `degraded`.
 *
 * @param outcome how the probe ended
 * @param addresses those of the nodes that were asked
 * @param user whom the probe logs in as
 */
export function judgeRedisCluster(
  outcome: ProbeOutcome,
  addresses: readonly string[],
  user: string,
): Judgement {
  const outcomes = listOutcomes(outcome, addresses);
  if (outcomes === null) {
    const subject = { address: addresses.join(", "), user, meanings: NODE_MEANINGS };
    return judgeRedisServer(outcome, subject);
  }
  const judged = outcomes.map((one) => judgeNode(one.outcome, one.address, user));
  const [best] = judged.filter((one) => one.view !== null).sort(compareViews);
  if (best === undefined || best.view === null) return adviseMore(combineParts(judged), addresses);
  const { view, latencyMs } = best;
  const parts = [...judged.map(renderPart), ...listFurther(view, judged).map(renderPart)];
  return { ...judgeView(view, judged, latencyMs), parts: parts.slice(0, ADDRESSES_MAX) };
}

/** A single node that is away says little about a cluster. */
function adviseMore(judgement: Judgement, addresses: readonly string[]): Judgement {
  if (judgement.verdict !== "down" || addresses.length > 1) return judgement;
  return adviseToo(judgement, "enter further nodes, so that the loss of one is not taken for the cluster's");
}

/** A node that sees the cluster well is believed, because it serves clients; then the one that knows the latest. */
function compareViews({ view: left }: JudgedNode, { view: right }: JudgedNode): number {
  if (left === null || right === null) return 0;
  return Number(right.isOk) - Number(left.isOk) || right.epoch - left.epoch;
}

function judgeView(view: ClusterView, judged: readonly JudgedNode[], latencyMs: number): Judgement {
  const uncovered = judgeCoverage(view);
  if (uncovered !== null) return uncovered;
  // A node that sees no cluster, or does not answer us, is a loss that the others may not have noticed yet.
  const silent = judged.filter(({ judgement }) => judgement.verdict !== "up").map((one) => one.judgement);
  const lost = findLosses(view);
  const [first] = silent;
  if (first === undefined && lost.length === 0) {
    const masters = view.nodes.filter((node) => node.isMaster).length;
    return judgeUp(latencyMs, `cluster ok: ${masters} masters, ${view.nodes.length - masters} replicas`);
  }
  return {
    verdict: "degraded",
    reason: first?.verdict === "degraded" && lost.length === 0 ? first.reason : "incomplete",
    words: joinFew([...lost, ...silent.map((one) => one.words)], "; ").slice(0, WORDS_MAX),
    advice:
      (lost.length === 0 ? first?.advice : undefined) ??
      "all slots are served; bring the lost nodes back, or redis-cli --cluster add-node --cluster-slave",
  };
}

/** What the cluster has lost without losing a slot. */
function findLosses({ nodes }: ClusterView): string[] {
  const lost = nodes.filter((node) => node.state === "failed");
  const suspects = nodes.filter((node) => node.state === "suspected");
  const bare = nodes.filter(
    (master) =>
      master.isMaster &&
      master.slots.length > 0 &&
      !nodes.some((node) => node.masterId === master.id && node.state !== "failed"),
  );
  return [
    ...suspects.map((node) => `${describeNode(node)} is suspected to be lost`),
    ...bare.map((node) => `${describeNode(node)} has no replica`),
    ...lost.map((node) => `${describeNode(node)} is lost`),
  ];
}

function describeNode(node: ClusterNode): string {
  return `${node.isMaster ? "master" : "replica"} ${nameNode(node)}${describeSlots(node)}`;
}

/** Nodes that the cluster names beside those that were asked, as it sees them. */
function listFurther(view: ClusterView, judged: readonly JudgedNode[]): JudgedAddress[] {
  const asked = new Set<string>(judged.map((one) => one.address));
  for (const { view: own } of judged) {
    const myself = own?.nodes.find((node) => node.isMyself);
    if (myself !== undefined) asked.add(myself.id);
  }
  return view.nodes
    .filter((node) => !asked.has(node.id) && node.address !== null && !asked.has(node.address))
    .map((node) => ({ address: nameNode(node), judgement: describeFurther(node) }));
}

function describeFurther(node: ClusterNode): Judgement {
  const words = `${node.isMaster ? "master" : "replica"}${describeSlots(node)}, as the cluster sees it: ${node.state}`;
  switch (node.state) {
    case "well":
      return { verdict: "up", reason: "ok", words };
    case "suspected":
      return { verdict: "degraded", reason: "incomplete", words };
    case "failed":
      return { verdict: "down", reason: "incomplete", words };
  }
}
