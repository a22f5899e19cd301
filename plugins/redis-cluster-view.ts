import { joinAddress } from "./redis-server.ts";

/** Slots that a Redis cluster spreads its keys over (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/). */
export const CLUSTER_SLOTS = 16_384;
/** Nodes of a cluster that are read; the specification advises no more. */
const NODES_MAX = 1000;

/** One node as the cluster sees it. */
export interface ClusterNode {
  readonly id: string;
  /** As the cluster announces it, which agents may not be able to reach; null: it has none. */
  readonly address: string | null;
  readonly isMyself: boolean;
  readonly isMaster: boolean;
  /** A replica's master. */
  readonly masterId: string | null;
  /** `suspected`: the node that was asked does not reach it; `failed`: the masters have agreed on that. */
  readonly state: "well" | "suspected" | "failed";
  /** Ranges of slots, as in `0-5460`. */
  readonly slots: readonly string[];
}

/** How one node sees its cluster. */
export interface ClusterView {
  readonly isOk: boolean;
  readonly assignedSlots: number;
  readonly failedSlots: number;
  readonly epoch: number;
  readonly nodes: readonly ClusterNode[];
}

/**
 * Reads how a node sees its cluster.
 *
 * @param info its reply to `CLUSTER INFO`
 * @param nodes its reply to `CLUSTER NODES`
 * @returns the view; null if the replies are none
 */
export function readClusterView(info: string, nodes: string): ClusterView | null {
  const state = /^cluster_state:(\w+)/m.exec(info)?.[1];
  if (state === undefined) return null;
  const read = (name: string) => Number(new RegExp(`^cluster_${name}:(\\d{1,15})`, "m").exec(info)?.[1] ?? 0);
  return {
    isOk: state === "ok",
    assignedSlots: read("slots_assigned"),
    failedSlots: read("slots_fail"),
    epoch: read("current_epoch"),
    nodes: nodes
      .split("\n", NODES_MAX)
      .map(readNode)
      .filter((node) => node !== null),
  };
}

/** `id ip:port@bus,name flags master ping pong epoch link slot…`; what is on its way in or out stands in brackets. */
function readNode(line: string): ClusterNode | null {
  const [id = "", where = "", flagText = "", master = "-", , , , , ...ranges] = line.trim().split(" ");
  const flags = new Set(flagText.split(","));
  const isMaster = flags.has("master");
  if (id === "" || !(isMaster || flags.has("slave")) || flags.has("handshake")) return null;
  return {
    id,
    address: flags.has("noaddr") ? null : readAnnounced(where),
    isMyself: flags.has("myself"),
    isMaster,
    masterId: master === "-" ? null : master,
    state: flags.has("fail") ? "failed" : flags.has("fail?") ? "suspected" : "well",
    slots: ranges.filter((range) => /^\d{1,5}(-\d{1,5})?$/.test(range)),
  };
}

function readAnnounced(where: string): string | null {
  const [endpoint = ""] = where.split("@", 1);
  const colon = endpoint.lastIndexOf(":");
  return joinAddress(endpoint.slice(0, colon), endpoint.slice(colon + 1));
}

/**
 * Names a node for people.
 *
 * @param node the node
 */
export function nameNode({ address, id }: ClusterNode): string {
  return address ?? `node ${id.slice(0, 8)}`;
}

/** Findings that a sentence lists; the parts show the rest. */
const LISTED_MAX = 4;

/**
 * Names a master's slots for people, after its name.
 *
 * @param node the node
 * @returns empty for one without slots
 */
export function describeSlots({ slots }: ClusterNode): string {
  return slots.length === 0 ? "" : ` (slots ${joinFew(slots)})`;
}

/**
 * Joins texts, the first few of them.
 *
 * @param texts what to join
 * @param separator what stands between them
 */
export function joinFew(texts: readonly string[], separator = ", "): string {
  const more = texts.length - LISTED_MAX;
  return [...texts.slice(0, LISTED_MAX), ...(more > 0 ? [`${more} more`] : [])].join(separator);
}
