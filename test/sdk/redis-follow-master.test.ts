import { expect, onTestFinished, test } from "vitest";
import { openSentinels } from "../../sdk/redis/ask-sentinels.ts";
import { createRedisSide } from "../../sdk/redis/redis-side.ts";
import { eventually } from "../eventually.ts";
import {
  answerAsSentinel,
  bulk,
  type FakeRedis,
  type FakeSentinel,
  serveRedis,
} from "../plugins/fake-redis.ts";

/** Enough for a busy machine. */
const LIMIT_MS = 10_000;
/** For what never answers. */
const SHORT_MS = 200;

async function serve(...given: Parameters<typeof serveRedis>): Promise<FakeRedis> {
  const server = await serveRedis(...given);
  onTestFinished(server.close);
  return server;
}

/** A sentinel that tells what it is told to tell then; undefined: it hangs. */
const serveSentinel = (told: () => FakeSentinel | undefined) =>
  serve((command) => {
    const what = told();
    return what === undefined ? undefined : answerAsSentinel(command, what);
  });

const sourceOf = (sentinels: readonly FakeRedis[], more: object = {}) => ({
  ...{ host: "127.0.0.1", port: 1, mode: "sentinel" as const },
  addresses: sentinels.map(({ address }) => address),
  ...more,
});

async function find(sentinels: readonly FakeRedis[], limitMs = LIMIT_MS, more: object = {}) {
  const opened = openSentinels(sourceOf(sentinels, more), undefined, limitMs, () => undefined);
  onTestFinished(opened.close);
  return await opened.findMaster();
}

const OLD = { master: "192.0.2.1:6379", epoch: 3 };
const NEW = { master: "192.0.2.2:6379", epoch: 4 };
const NEW_ADDRESS = { host: "192.0.2.2", port: 6379 };

test("a sentinel that was cut off, and names a master of the past, is outvoted by its lower epoch", async () => {
  const [first, second] = await Promise.all([serveSentinel(() => OLD), serveSentinel(() => NEW)]);
  expect(await find([first, second])).toEqual(NEW_ADDRESS);
});

test("one that hangs delays nobody while most of them answer", async () => {
  const hung = await serveSentinel(() => undefined);
  const [second, third] = await Promise.all([serveSentinel(() => NEW), serveSentinel(() => NEW)]);
  const never = 2 ** 30;
  expect(await find([hung, second, third], never)).toEqual(NEW_ADDRESS);
});

test("where most of them hang those that answer are believed", async () => {
  const [first, second] = await Promise.all([serveSentinel(() => undefined), serveSentinel(() => NEW)]);
  // On a busy machine that answer may come too late as well.
  await eventually(async () => expect(await find([first, second], SHORT_MS)).toEqual(NEW_ADDRESS));
});

test("the account of the sentinels is theirs, and so is the name of the master", async () => {
  const sentinel = await serveSentinel(() => NEW);
  const own = { masterName: "shop", sentinelUsername: "app", sentinelPassword: "spw", password: "pw" };
  expect(await find([sentinel], LIMIT_MS, own)).toEqual(NEW_ADDRESS);
  expect(sentinel.commands[0]).toMatch(/^(hello|auth) .*app spw$/);
  expect(sentinel.commands).toContain("SENTINEL GET-MASTER-ADDR-BY-NAME shop");
});

test.each([
  ["knows no master of that name", LIMIT_MS, () => ({}), /knows no master of the name mymaster$/],
  ["hangs", SHORT_MS, () => undefined, /(does not answer as one|is not reached): ./],
])("a sentinel that %s is told by its address, without a secret", async (_what, limitMs, told, message) => {
  const sentinel = await serveSentinel(told);
  const error = await find([sentinel], limitMs, { sentinelPassword: "spw" }).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ message: expect.stringMatching(message) });
  expect(String(error)).toContain(sentinel.address);
  expect(String(error)).not.toContain("spw");
});

test("sentinels that are not reached are told with the cause", async () => {
  const gone = await serveRedis(() => undefined);
  gone.close();
  const opened = openSentinels(sourceOf([gone]), undefined, LIMIT_MS, () => undefined);
  onTestFinished(opened.close);
  await eventually(async () =>
    expect(await opened.findMaster().catch(String)).toMatch(/is not reached: .*ECONNREFUSED/),
  );
});

/** A server that takes writes, or refuses them as a replica does; it counts them. */
async function serveData(isReplica: boolean) {
  let writes = 0;
  const server = await serve((command) => {
    if (command.startsWith("info")) return bulk("loading:0\r\n");
    if (!command.startsWith("set")) return "+OK\r\n";
    writes += 1;
    return isReplica ? "-READONLY You can't write against a read only replica.\r\n" : "+OK\r\n";
  });
  return { address: server.address, writes: () => writes };
}

async function openSide(sentinel: FakeRedis) {
  const side = createRedisSide(
    {
      ...{ dataCentre: "dc1", source: sourceOf([sentinel]), readOnly: false, isReader: false },
      ...{ connectTimeoutMs: LIMIT_MS, onBroken: () => undefined, onReadOnly: () => undefined },
    },
    {},
  );
  onTestFinished(() => side.close());
  await eventually(() => expect(side.redis.status).toBe("ready"));
  return side;
}

test("a server that refuses a write as a replica is left for the one that the sentinels name by then", async () => {
  const [old, successor] = await Promise.all([serveData(true), serveData(false)]);
  let told: FakeSentinel = { master: old.address, epoch: 1 };
  const side = await openSide(await serveSentinel(() => told));
  // It stays where it is as long as it is named: it may follow the other data centre's.
  await expect(side.redis.set("order:1", "tea")).rejects.toThrow("READONLY");
  await side.check();
  expect(side.redis.status).toBe("ready");
  told = { master: successor.address, epoch: 2 };
  await expect(side.redis.set("order:1", "tea")).rejects.toThrow("READONLY");
  await eventually(async () => expect(await side.redis.set("order:1", "tea")).toBe("OK"));
  expect(successor.writes()).toBe(1);
});

test("a server that goes on taking writes after its sentinels have named another one is left at the next check", async () => {
  const [cutOff, successor] = await Promise.all([serveData(false), serveData(false)]);
  let told: FakeSentinel = { master: cutOff.address, epoch: 1 };
  const side = await openSide(await serveSentinel(() => told));
  await side.redis.set("order:1", "tea");
  told = { master: successor.address, epoch: 2 };
  await side.check();
  await eventually(async () => expect(await side.redis.set("order:1", "tea")).toBe("OK"));
  expect([cutOff.writes(), successor.writes()]).toEqual([1, 1]);
});

test("a server is left as soon as one of its sentinels says that it follows another one", async () => {
  const [before, successor] = await Promise.all([serveData(false), serveData(false)]);
  let told: FakeSentinel = { master: before.address, epoch: 1 };
  // It speaks as sentinels before Redis 6 do: what listens can ask for nothing else.
  const sentinel = await serve((command) => {
    if (command.startsWith("hello")) return "-ERR unknown command 'HELLO'\r\n";
    if (command.startsWith("subscribe")) return `*3\r\n${bulk("subscribe")}${bulk("+switch-master")}:1\r\n`;
    return answerAsSentinel(command, told);
  });
  const side = await openSide(sentinel);
  await eventually(() => expect(sentinel.commands).toContain("subscribe +switch-master"));
  await side.redis.set("order:1", "tea");
  told = { master: successor.address, epoch: 2 };
  // Of another master nothing is to be made.
  sentinel.publish("+switch-master", "other 192.0.2.1 1 192.0.2.2 2");
  sentinel.publish("+switch-master", "mymaster 192.0.2.1 1 192.0.2.2 2");
  await eventually(async () => {
    expect(await side.redis.set("order:1", "tea")).toBe("OK");
    expect(successor.writes()).toBeGreaterThan(0);
  });
});
