import type { ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { readAddress } from "./address.ts";
import { createError } from "./keep-connection.ts";
import { type HttpAnswer, keepHttp, type SendHttp } from "./keep-http.ts";
import { makeInspectable } from "./keep-inspected.ts";
import { describeSearchCluster } from "./search-facts.ts";
import { TLS_MERGED } from "./tls.ts";

/** Share of the access timeout that a node may wait for its master, so that it can still tell that there is none. */
const MASTER_SHARE = 0.4;

/** Settings of a search cluster, merged, as a session and a judge read them. */
export const SearchSettings = z.object({
  addresses: z.array(z.string()).min(1),
  user: z.string().default(""),
  password: z.string().default(""),
  ...TLS_MERGED,
});

/** `GET /_cluster/state/blocks`: blocks by their number, of the cluster and of each index. */
const BlockSet = z.record(z.string(), z.unknown());
const Blocks = z.object({
  blocks: z
    .object({ global: BlockSet.default({}), indices: z.record(z.string(), BlockSet).default({}) })
    .optional(),
});
/** The block that a disk beyond the flood stage puts on each index with a shard there. */
const FLOOD_BLOCK = "12";
/** An answer is cut because so many indices have a block; it is then counted as text. */
const FLOOD_IN_TEXT = /"12":/g;

/** How the server tells an error in its body. */
const ServerError = z.object({
  error: z.union([z.string(), z.object({ type: z.string().optional(), reason: z.string().nullish() })]),
});

/**
 * Opens the session of one node of a search cluster. Each probe asks for the health and for the blocks of the cluster.
 *
 * @param settings the cluster's
 * @param address the node's
 * @param context the agent's surroundings
 * @returns the session; its sample is `{health, blocks}`
 */
export function openSearchNode(
  { user, password, tls, clientKeyPem }: z.infer<typeof SearchSettings>,
  address: string,
  context: ProbeContext,
): ProbeSession {
  const { host, port } = readAddress(address);
  const masterMs = Math.max(1, Math.floor(context.accessTimeoutMs * MASTER_SHARE));
  const within = `master_timeout=${masterMs}ms`;
  const headers = {
    accept: "application/json",
    "user-agent": "evenkeel-agent",
    ...(user === ""
      ? {}
      : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` }),
  };
  const target = { host, port, name: host, tls: { tls, clientKeyPem } };
  const health = { headers, path: `/_cluster/health?timeout=${masterMs}ms&${within}` };
  const blocks = { headers, path: `${BLOCKS}&${within}` };
  return makeInspectable((choose) =>
    keepHttp(context, target, (send) =>
      choose({
        probe: async () => ({
          health: readHealth(await send(health, true)),
          blocks: await askBlocks(send, blocks),
        }),
        inspect: async () =>
          describeSearchCluster({
            root: parseJson((await send({ headers, path: "/" }, true)).body),
            health: readHealth(await send(health, true)),
            hidesBlocks: (await send(blocks, true)).status === FORBIDDEN,
          }),
      })(),
    ),
  );
}

/** What a cluster answers an account that may not see its state. */
const FORBIDDEN = 403;

const BLOCKS = "/_cluster/state/blocks?filter_path=blocks.global.*.levels,blocks.indices.*.*.levels";

function readHealth(answer: HttpAnswer): unknown {
  if (answer.status !== 200) throw createError(String(answer.status), describeServerError(answer));
  return parseJson(answer.body);
}

/** How clusters of some providers answer that they hide their state: the health alone is then judged. */
const HIDDEN: ReadonlySet<number> = new Set([FORBIDDEN, 404, 405]);

async function askBlocks(send: SendHttp, request: Parameters<SendHttp>[0]): Promise<unknown> {
  const answer = await send(request, true);
  if (HIDDEN.has(answer.status)) return null;
  if (answer.status !== 200) throw createError(String(answer.status), describeServerError(answer));
  if (!answer.isWhole) return { global: [], flooded: answer.body.match(FLOOD_IN_TEXT)?.length ?? 0 };
  const { data } = Blocks.safeParse(parseJson(answer.body));
  if (data === undefined) return null;
  const { global = {}, indices = {} } = data.blocks ?? {};
  const flooded = Object.values(indices).filter((blocks) => Object.hasOwn(blocks, FLOOD_BLOCK)).length;
  return { global: Object.keys(global), flooded };
}

function describeServerError({ body }: HttpAnswer): string {
  const { data } = ServerError.safeParse(parseJson(body));
  if (data === undefined) return "";
  if (typeof data.error === "string") return data.error;
  return [data.error.type, data.error.reason]
    .filter((text) => text !== undefined && text !== null)
    .join(": ");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Something else than the engine answers: the judge calls it a stranger.
  }
}
