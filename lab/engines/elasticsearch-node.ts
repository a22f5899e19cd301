import { join } from "node:path";
import { LAB_HOST } from "../processes/ports.ts";
import type { SpawnResult, Supervisor } from "../processes/supervisor.ts";
import type { FetchedEngine } from "../setup/fetched-engines.ts";
import { makePrivateFolder } from "./engine-home.ts";

/** Small enough for several nodes on one machine. */
const HEAP = "-Xmx320m";
/** A node compiles itself while it starts; on a busy machine that takes its time. */
const READY_WITHIN_MS = 90_000;

/** A kept connection would be noticed as broken when the node is killed, by nobody who cares. */
const CLOSE = { headers: { connection: "close" } };

/** One node of a cluster. */
export interface ElasticsearchNode {
  readonly name: string;
  /** The site that it stands in, in a lab of several. */
  readonly site?: string;
  readonly httpPort: number;
  readonly transportPort: number;
}

/** What a node needs in order to start. */
export interface ElasticsearchRequest {
  readonly stateDir: string;
  readonly engine: FetchedEngine;
  readonly supervisor: Supervisor;
  /** What answers with success once the node is of use; without it any answer will do, also that there is no master. */
  readonly readyPath?: string;
  /** All nodes that are to elect the first master, this one among them. */
  readonly cluster: readonly ElasticsearchNode[];
}

/**
 * Starts one node of an Elasticsearch cluster.
 *
 * @returns the node once it answers
 */
export async function startElasticsearchNode(
  { stateDir, engine, supervisor, cluster, readyPath }: ElasticsearchRequest,
  node: ElasticsearchNode,
): Promise<SpawnResult> {
  const home = join(stateDir, "elasticsearch", node.name);
  makePrivateFolder(join(stateDir, "elasticsearch"));
  makePrivateFolder(home);
  makePrivateFolder(join(home, "config"));
  return await supervisor.spawnProcess({
    name: `elasticsearch-${node.name}`,
    role: "database",
    ...(node.site === undefined ? {} : { site: node.site }),
    command: "java",
    args: [
      HEAP,
      "-XX:TieredStopAtLevel=1",
      "-XX:+UseSerialGC",
      "-cp",
      `${join(engine.folder, "classes")}:${join(engine.folder, "lib")}/*`,
      "ElasticsearchNode",
      home,
      ...listSettings(cluster, node),
    ],
    cwd: home,
    ports: [
      { port: node.httpPort, wantedBy: `Elasticsearch node ${node.name}` },
      { port: node.transportPort, wantedBy: `Elasticsearch node ${node.name}` },
    ],
    readyWithinMs: READY_WITHIN_MS,
    isReady: async () => {
      const answer = await fetch(`http://${LAB_HOST}:${node.httpPort}${readyPath ?? "/"}`, CLOSE);
      return readyPath === undefined || answer.ok;
    },
    // A test's node has nothing that is worth an ending in good order.
    endSignal: "SIGKILL",
  });
}

function listSettings(cluster: readonly ElasticsearchNode[], node: ElasticsearchNode): string[] {
  const settings = {
    "cluster.name": "evenkeel-lab",
    "node.name": node.name,
    "network.host": LAB_HOST,
    "http.port": node.httpPort,
    "transport.port": node.transportPort,
    "discovery.seed_hosts": cluster.map((one) => `${LAB_HOST}:${one.transportPort}`).join(","),
    "cluster.initial_master_nodes": cluster.map((one) => one.name).join(","),
    // A node that finds no master is to answer that, not to wait half a minute before it listens.
    "discovery.initial_state_timeout": "0s",
    // The disk of whoever runs this may be as full as it likes.
    "cluster.routing.allocation.disk.threshold_enabled": false,
  };
  return Object.entries(settings).map(([name, value]) => `${name}=${value}`);
}
