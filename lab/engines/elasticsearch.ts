import { z } from "zod";
import { LAB_HOST } from "../processes/ports.ts";
import { type ElasticsearchNode, startElasticsearchNode } from "./elasticsearch-node.ts";
import {
  chunkIds,
  type DataCentre,
  describeEngine,
  type EngineResult,
  type FetchedRequest,
  startBoth,
} from "./engine-handle.ts";
import { openHome } from "./engine-home.ts";
import { loadSecrets } from "./secrets.ts";

const ENGINE = "elasticsearch";
const ANSWER_WITHIN_MS = 10_000;
/** A revived node answers long before it has read its shards. */
const READY = "/_cluster/health?wait_for_status=yellow&timeout=1s";

/** The index that the shop writes its orders to; an order's id is its document's. */
export const ORDERS = "orders";

interface SearchServer {
  readonly host: string;
  readonly port: number;
}

const Found = z.object({ docs: z.array(z.object({ _id: z.string(), found: z.boolean().default(false) })) });

async function ask(
  { host, port }: SearchServer,
  method: string,
  path: string,
  body?: object,
): Promise<Response> {
  return await fetch(`http://${host}:${port}${path}`, {
    method,
    headers: { "content-type": "application/json", connection: "close" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
}

async function findOrders(server: SearchServer, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (const chunk of chunkIds(ids)) {
    const answer = await ask(server, "POST", `/${ORDERS}/_mget?_source=false`, { ids: chunk });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${server.port} does not tell its orders: ${text.slice(0, 500)}`);
    for (const { _id, found } of Found.parse(JSON.parse(text)).docs) if (found) held.add(_id);
  }
  return held;
}

/** Makes the index of the orders unless it is there. */
async function ensureOrders(server: SearchServer): Promise<void> {
  const settings = { number_of_shards: 1, number_of_replicas: 0 };
  const made = await ask(server, "PUT", `/${ORDERS}`, { settings });
  const text = await made.text();
  if (!made.ok && !text.includes("resource_already_exists_exception"))
    throw new Error(`the index ${ORDERS} was not made: ${text.slice(0, 500)}`);
  const health = await ask(server, "GET", `/_cluster/health/${ORDERS}?wait_for_status=green&timeout=9s`);
  if (!health.ok) throw new Error(`the index ${ORDERS} is not there: ${(await health.text()).slice(0, 500)}`);
}

/**
 * Starts Elasticsearch in dc1 and dc2: two clusters of one node each that know nothing of each other. They have no
 * accounts, so that those of the handle are never asked for. The data of an earlier start is used again.
 *
 * @returns the servers once both answer, or why that did not come about
 * @throws when a server refuses what is needed to set it up
 */
export async function startElasticsearch(request: FetchedRequest): Promise<EngineResult> {
  const { stateDir, ports, engine, supervisor } = request;
  const { labId, passwords } = loadSecrets(stateDir);
  const home = openHome(`${stateDir}/${ENGINE}`, labId);
  const servers = {
    dc1: { host: LAB_HOST, port: ports["elasticsearch-dc1"] },
    dc2: { host: LAB_HOST, port: ports["elasticsearch-dc2"] },
  };
  const start = (site: DataCentre) => {
    const transportPort = ports[`elasticsearch-transport-${site}`];
    const node: ElasticsearchNode = { name: site, site, httpPort: servers[site].port, transportPort };
    const cluster = { cluster: [node], readyPath: READY };
    return startElasticsearchNode({ stateDir, supervisor, engine, ...cluster }, node);
  };
  const started = await startBoth({ dc1: start("dc1"), dc2: start("dc2") });
  if (!started.ok) return started;
  await Promise.all([ensureOrders(servers.dc1), ensureOrders(servers.dc2)]);
  home.markReady();
  const handle = describeEngine({
    engine: ENGINE,
    version: engine.version,
    processes: started.handle,
    servers,
    passwords: { app: passwords["elasticsearch-app"], probe: "" },
    monitor: { common: {}, target: (address) => ({ addresses: [address] }), secret: {} },
    findOrders,
  });
  return { ok: true, handle };
}
