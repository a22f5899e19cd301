import type { Route } from "@evenkeel/contracts/route";
import { expect, onTestFinished, test, vi } from "vitest";
import { createRoutedClient } from "../../sdk/elasticsearch/routed-client.ts";
import { createSearchSide } from "../../sdk/elasticsearch/search-side.ts";
import { NotWritableError } from "../../sdk/errors.ts";
import { createMongoSide } from "../../sdk/mongodb/mongo-side.ts";
import { createRoutedMongo } from "../../sdk/mongodb/routed-mongo.ts";
import { createRedisSide } from "../../sdk/redis/redis-side.ts";
import { createResender } from "../../sdk/redis/resend-refused.ts";
import { createRoutedRedis } from "../../sdk/redis/routed-redis.ts";
import type { SideRequest } from "../../sdk/switching/create-sides.ts";
import type { Side } from "../../sdk/switching/side.ts";
import { createSwitchboard, type Switchboard } from "../../sdk/switching/switchboard.ts";
import { eventually } from "../eventually.ts";
import { mongoError, serveMongo } from "../plugins/fake-mongo.ts";
import { bulk, serveRedis } from "../plugins/fake-redis.ts";
import { serveHttp } from "../plugins/serve-http.ts";
import { makeRoute } from "./make-route.ts";

const CONNECT_TIMEOUT_MS = 5000;
const RETRY = { times: 1, delayMs: 5 };

function requestOf(address: string, more: Partial<SideRequest> = {}): SideRequest {
  const [host = "", port] = address.split(":");
  return {
    dataCentre: "dc1",
    source: { host, port: Number(port), database: "shop" },
    readOnly: false,
    isReader: false,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    onBroken: () => undefined,
    onReadOnly: () => undefined,
    ...more,
  };
}

/** A board over two sides that follows dc1, and dc2 once the route is read again. */
function boardOf<S extends Side>(dc1: S, dc2: S): { board: Switchboard<S>; readings: Route[] } {
  const board = createSwitchboard<S>({
    sideOf: ({ dataCentre }) => (dataCentre === "dc1" ? dc1 : dc2),
    drainMs: 0,
  });
  const readings: Route[] = [];
  board.reread = async () => {
    const route = makeRoute(2, "dec-2", { active: "dc2" });
    readings.push(route);
    board.follow(route);
  };
  board.follow(makeRoute(1));
  onTestFinished(() => {
    board.close();
    dc1.close();
    dc2.close();
  });
  return { board, readings };
}

const HELLO = {
  ok: 1,
  isWritablePrimary: true,
  minWireVersion: 0,
  maxWireVersion: 25,
  maxMessageSizeBytes: 48e6,
};
/** The driver asks a server of a stated API in the only form that the fake understands. */
const STATED = { serverApi: "1" } as const;

function answerOf(refusal: Record<string, unknown> | null) {
  return (command: Record<string, unknown>) => {
    if ("hello" in command) return HELLO;
    if ("insert" in command) return refusal ?? { ok: 1, n: 1 };
    return { ok: 1 };
  };
}

test.each([
  [10107, "NotWritablePrimary"],
  [13435, "NotPrimaryNoSecondaryOk"],
])("MongoDB's %i makes the route be read again", async (code, name) => {
  const server = await serveMongo("", answerOf(mongoError(code, name)));
  const onReadOnly = vi.fn();
  const side = createMongoSide(requestOf(server.address, { onReadOnly }), STATED);
  onTestFinished(() => side.close());
  await expect(side.client.db("shop").collection("orders").insertOne({})).rejects.toMatchObject({ code });
  await eventually(() => expect(onReadOnly).toHaveBeenCalled());
});

test("MongoDB's work that may be done twice goes on where the route that was read again points to", async () => {
  const refusing = await serveMongo("", answerOf(mongoError(10107, "NotWritablePrimary")));
  const taking = await serveMongo("", answerOf(null));
  const { board, readings } = boardOf(
    createMongoSide(requestOf(refusing.address), STATED),
    createMongoSide(requestOf(taking.address, { dataCentre: "dc2" }), STATED),
  );
  const mongo = createRoutedMongo(board, RETRY);
  const insert = () => mongo.run((db) => db.collection("orders").insertOne({}), { idempotent: true });
  expect(await insert()).toMatchObject({ acknowledged: true });
  expect(readings).toHaveLength(1);
  expect(taking.commands).toContain("insert");
});

test("on a side that is not writable MongoDB's writes are refused before anything is sent", async () => {
  const server = await serveMongo("", answerOf(null));
  const side = createMongoSide(requestOf(server.address, { readOnly: true }), STATED);
  onTestFinished(() => side.close());
  const orders = side.client.db("shop").collection("orders");
  await expect(orders.insertOne({})).rejects.toBeInstanceOf(NotWritableError);
  await expect(side.client.db("shop").command({ create: "new" })).rejects.toBeInstanceOf(NotWritableError);
  await side.client.db("shop").command({ ping: 1 });
  expect(server.commands).toContain("ping");
  expect(server.commands).not.toContain("insert");
  expect(server.commands).not.toContain("create");
});

const BLOCKED = {
  error: {
    type: "cluster_block_exception",
    reason: "index [orders] blocked by: [FORBIDDEN/8/index write (api)]",
  },
  status: 403,
};

/** A node that answers every request with one status and body. */
const serveNode = (status: number, body: object) =>
  serveHttp((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });

test("a blocked write of Elasticsearch is sent where the route that was read again points to", async () => {
  const refusing = await serveNode(403, BLOCKED);
  const taking = await serveNode(201, { result: "created" });
  const { board, readings } = boardOf(
    createSearchSide(requestOf(refusing.address), {}),
    createSearchSide(requestOf(taking.address, { dataCentre: "dc2" }), {}),
  );
  const client = createRoutedClient(board, RETRY, async () => undefined);
  const { body } = await client.index({ index: "orders", id: "1", body: { item: "tea" } });
  expect(body).toEqual({ result: "created" });
  expect(readings).toHaveLength(1);
  expect(refusing.requests).toHaveLength(1);
});

test("a blocked write stays Elasticsearch's own error where the route stays", async () => {
  const refusing = await serveNode(403, BLOCKED);
  const side = createSearchSide(requestOf(refusing.address), {});
  const { board } = boardOf(side, side);
  const client = createRoutedClient(board, RETRY, async () => undefined);
  const blocked = { message: expect.stringContaining("cluster_block_exception"), statusCode: 403 };
  await expect(client.index({ index: "orders", body: {} })).rejects.toMatchObject(blocked);
  expect(refusing.requests).toHaveLength(1);
});

test("Elasticsearch's client keeps its own ways: callbacks, aborting, helpers", async () => {
  const server = await serveNode(200, { errors: false, items: [{ index: { status: 201 } }] });
  const side = createSearchSide(requestOf(server.address), {});
  const { board } = boardOf(side, side);
  const client = createRoutedClient(board, RETRY, async () => undefined);
  const status = await new Promise((resolve, reject) =>
    client.cluster.health((error, result) => (error === null ? resolve(result.statusCode) : reject(error))),
  );
  expect(status).toBe(200);
  const aborted = client.cluster.health();
  aborted.abort();
  await expect(aborted).rejects.toMatchObject({ name: "RequestAbortedError" });
  const done = client.helpers.bulk({
    datasource: [{ a: 1 }],
    onDocument: () => ({ index: { _index: "orders" } }),
  });
  expect(await done).toMatchObject({ total: 1, failed: 0 });
});

test("Redis's READONLY makes the route be read again", async () => {
  const server = await serveRedis((command) => {
    const word = command.split(" ")[0]?.toUpperCase();
    if (word === "SET") return "-READONLY You can't write against a read only replica.\r\n";
    return word === "INFO" ? bulk("loading:0\r\n") : "+OK\r\n";
  });
  const onReadOnly = vi.fn();
  const side = createRedisSide(requestOf(server.address, { onReadOnly }), {});
  onTestFinished(() => side.close());
  await eventually(() => expect(side.redis.status).toBe("ready"));
  await expect(side.redis.set("order:1", "tea")).rejects.toThrow("READONLY");
  expect(onReadOnly).toHaveBeenCalledTimes(1);
});

/** A Redis that refuses writes as a replica does, or takes them. */
async function startRedis(
  isReplica: boolean,
): Promise<{ readonly address: string; readonly writes: string[] }> {
  const writes: string[] = [];
  const { address } = await serveRedis((command) => {
    const word = command.split(" ")[0]?.toUpperCase() ?? "";
    if (word === "INFO") return bulk("loading:0\r\n");
    if (word !== "SET" && word !== "INCR") return "+OK\r\n";
    writes.push(command);
    return isReplica ? "-READONLY You can't write against a read only replica.\r\n" : "+TAKEN\r\n";
  });
  return { address, writes };
}

/** A client over a home that refuses writes and another side that takes them. */
async function routeRedis(times: number) {
  const refusing = await startRedis(true);
  const taking = await startRedis(false);
  const resender = createResender();
  const { board, readings } = boardOf(
    createRedisSide(requestOf(refusing.address), {}, resender),
    createRedisSide(requestOf(taking.address, { dataCentre: "dc2" }), {}, resender),
  );
  const client = createRoutedRedis({
    ...{ board, resender, readers: null, writer: null },
    retry: { times, delayMs: 5000 },
  });
  return { client, refusing, taking, readings };
}

test("a command that a replica refused is sent, once, where the route that was read again points to", async () => {
  const { client, refusing, taking, readings } = await routeRedis(1);
  expect(await client.set("order:1", "tea")).toBe("TAKEN");
  expect(readings).toHaveLength(1);
  expect(refusing.writes).toHaveLength(1);
  expect(taking.writes).toHaveLength(1);
});

test("it is tried only as often as configured, and what belongs to a pipeline stays with it", async () => {
  const never = await routeRedis(0);
  await expect(never.client.set("order:1", "tea")).rejects.toThrow("READONLY");
  const { client, taking } = await routeRedis(3);
  const answers = (await client.pipeline().set("order:1", "tea").exec()) ?? [];
  expect(String(answers[0]?.[0])).toContain("READONLY");
  expect([...never.taking.writes, ...taking.writes]).toEqual([]);
});
