import type { ServerResponse } from "node:http";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import { afterEach, expect, test } from "vitest";
import { openRouteStore } from "../../route-store/open-route-store.ts";
import { until } from "./etcd-cluster.ts";
import {
  type Answerer,
  createdFrame,
  type FaultGateway,
  putsFrame,
  rangeAnswer,
  sendJson,
  startFaultGateway,
} from "./fault-gateway.ts";
import { recordWatch } from "./watch-record.ts";

let gateways: FaultGateway[] = [];
let stores: RouteStore[] = [];

afterEach(async () => {
  for (const store of stores) store.close();
  await Promise.all(gateways.map((gateway) => gateway.close()));
  stores = [];
  gateways = [];
});

async function serve(answer: Answerer): Promise<FaultGateway> {
  const gateway = await startFaultGateway(answer);
  gateways.push(gateway);
  return gateway;
}

function open(endpoints: readonly FaultGateway[], more: object = {}): RouteStore {
  const store = openRouteStore({
    endpoints: endpoints.map((gateway) => gateway.address),
    deadlineMs: 1000,
    tryMs: 200,
    ...more,
  });
  stores.push(store);
  return store;
}

/** Serves a range that says `entries` at revision 10, and hands each watch stream to the test. */
function watchable(onStream: (response: ServerResponse, nth: number) => void): Answerer {
  let streams = 0;
  return (asked, response) => {
    if (asked.path === "/v3/kv/range") return sendJson(response, 200, rangeAnswer(10, [["/k/a", "old", 9]]));
    response.writeHead(200);
    streams += 1;
    onStream(response, streams);
  };
}

test("something that is not etcd is named, not retried for ever", async () => {
  const gateway = await serve((_asked, response) => response.writeHead(404).end("404 page not found"));
  const result = await open([gateway]).range("/k");
  expect(result).toMatchObject({ ok: false, reason: "rejected" });
  expect(result.ok || result.message).toContain("JSON gateway");
  expect(gateway.asked).toHaveLength(1);
});

test("a swap that got no answer and was applied all the same counts as swapped", async () => {
  let tries = 0;
  const gateway = await serve((_asked, response) => {
    tries += 1;
    if (tries === 1) return response.destroy();
    const standing = rangeAnswer(7, [["/k", "mine", 7]]);
    sendJson(response, 200, { header: { revision: "7" }, responses: [{ response_range: standing }] });
  });
  const swapped = await open([gateway]).swap({ key: "/k", value: "mine" }, 3);
  expect(swapped).toEqual({ ok: true, value: { swapped: true, revision: 7 } });
});

test("a swap that lost without any doubt is not taken for our own, even if the value is the same", async () => {
  const gateway = await serve((_asked, response) => {
    const standing = rangeAnswer(7, [["/k", "mine", 7]]);
    sendJson(response, 200, { header: { revision: "7" }, responses: [{ response_range: standing }] });
  });
  const outcome = await open([gateway]).swap({ key: "/k", value: "mine" }, 3);
  expect(outcome).toMatchObject({ ok: true, value: { swapped: false, current: { value: "mine" } } });
});

/** Far below the time for a try: only a try that begins beside a hung one can pass. */
const WITHOUT_WAITING = { timeout: 8000 };

test("a swap whose member hangs goes on at the next one beside it", WITHOUT_WAITING, async () => {
  const hung = await serve(() => undefined);
  const well = await serve((_asked, response) =>
    sendJson(response, 200, { header: { revision: "2" }, succeeded: true }),
  );
  const store = open([hung, well], { tryMs: 10_000, deadlineMs: 20_000 });
  const result = await store.swap({ key: "/k", value: "v" }, 0);
  expect(result).toEqual({ ok: true, value: { swapped: true, revision: 2 } });
});

test(
  "a swap's first try that answers late, after the second was applied, still counts as swapped",
  WITHOUT_WAITING,
  async () => {
    const slow: ServerResponse[] = [];
    const standing = rangeAnswer(7, [["/k", "mine", 7]]);
    const first = await serve((_asked, response) => void slow.push(response));
    const second = await serve(() => {
      // Applied, and its answer lost: the first member now tells what stands.
      const lost = { header: { revision: "7" }, responses: [{ response_range: standing }] };
      for (const response of slow) sendJson(response, 200, lost);
    });
    const store = open([first, second], { tryMs: 5000, deadlineMs: 20_000 });
    const result = await store.swap({ key: "/k", value: "mine" }, 3);
    expect(result).toEqual({ ok: true, value: { swapped: true, revision: 7 } });
  },
);

test(
  "every call ends at its deadline where nobody answers, after it asked everybody",
  WITHOUT_WAITING,
  async () => {
    const hung = await Promise.all(Array.from({ length: 3 }, () => serve(() => undefined)));
    const calls: ((store: RouteStore) => Promise<object>)[] = [
      (store) => store.range("/k"),
      (store) => store.range("/k", { prefix: true }),
      (store) => store.put({ key: "/k", value: "v" }),
      (store) => store.swap({ key: "/k", value: "v" }, 0),
      (store) => store.grantLease(5),
      (store) => store.renewLease("1"),
    ];
    const stores = calls.map(() => open(hung, { deadlineMs: 400, tryMs: 50 }));
    const results = await Promise.all(calls.map((call, index) => call(stores[index] ?? open(hung))));
    for (const result of results) expect(result).toMatchObject({ ok: false, reason: "unavailable" });
    for (const gateway of hung) {
      const paths = new Set(gateway.asked.map((asked) => asked.path));
      expect([...paths].sort()).toEqual([
        "/v3/kv/put",
        "/v3/kv/range",
        "/v3/kv/txn",
        "/v3/lease/grant",
        "/v3/lease/keepalive",
      ]);
    }
  },
);

test(
  "a login that gets no answer ends at the deadline of the call that wants it",
  WITHOUT_WAITING,
  async () => {
    const hung = await serve(() => undefined);
    const store = open([hung], { user: "agent", password: "p", deadlineMs: 300, tryMs: 50 });
    expect(await store.range("/k")).toMatchObject({ ok: false, reason: "unavailable" });
  },
);

test("no leader: asked again at a short pace until there is one", async () => {
  let tries = 0;
  const gateway = await serve((_asked, response) => {
    tries += 1;
    if (tries < 6) return sendJson(response, 503, { code: 14, message: "etcdserver: no leader" });
    sendJson(response, 200, { header: { revision: "2" }, succeeded: true });
  });
  const result = await open([gateway]).swap({ key: "/k", value: "v" }, 0);
  expect(result).toEqual({ ok: true, value: { swapped: true, revision: 2 } });
  expect(tries).toBe(6);
});

test("a wrong password is asked once, however many calls want a token", async () => {
  const gateway = await serve((_asked, response) =>
    sendJson(response, 400, {
      code: 3,
      message: "etcdserver: authentication failed, invalid user ID or password",
    }),
  );
  const store = open([gateway], { user: "agent", password: "secret-of-the-test" });
  const results = await Promise.all(Array.from({ length: 20 }, () => store.range("/k")));
  results.push(await store.range("/k"));
  for (const result of results) {
    expect(result).toMatchObject({ ok: false, reason: "auth-failed" });
    expect(JSON.stringify(result)).not.toContain("secret-of-the-test");
  }
  expect(gateway.asked.map((asked) => asked.path)).toEqual(["/v3/auth/authenticate"]);
});

test("a token that died is replaced once for all calls, and the calls are repeated", async () => {
  let logins = 0;
  const gateway = await serve((asked, response) => {
    if (asked.path.endsWith("authenticate")) {
      logins += 1;
      return sendJson(response, 200, { token: `token-${logins}` });
    }
    if (asked.token !== "token-2") {
      return sendJson(response, 401, { code: 16, message: "etcdserver: invalid auth token" });
    }
    sendJson(response, 200, rangeAnswer(1, []));
  });
  const store = open([gateway], { user: "agent", password: "p" });
  const results = await Promise.all(Array.from({ length: 10 }, () => store.range("/k")));
  expect(results.every((result) => result.ok)).toBe(true);
  expect(logins).toBe(2);
});

test("a store without authentication is used without a token", async () => {
  const gateway = await serve((asked, response) => {
    if (asked.path.endsWith("authenticate")) {
      return sendJson(response, 400, { code: 9, message: "etcdserver: authentication is not enabled" });
    }
    sendJson(response, 200, rangeAnswer(1, []));
  });
  const store = open([gateway], { user: "agent", password: "p" });
  expect(await store.range("/k")).toMatchObject({ ok: true });
});

test("a fragmented revision is delivered as one, and an event is not delivered twice", async () => {
  const gateway = await serve(
    watchable((response) => {
      response.write(createdFrame(10));
      response.write(putsFrame([["/k/a", "1", 11]], { fragment: true }));
      response.write(putsFrame([["/k/b", "2", 11]]));
      response.write(putsFrame([["/k/b", "2", 11]]));
      response.write(putsFrame([["/k/b", "3", 12]]));
    }),
  );
  const record = recordWatch(open([gateway]), "/k/");
  await until("all changes", () => record.changes.length === 3);
  expect(record.changes.map((change) => change.value)).toEqual(["1", "2", "3"]);
});

test("after garbage in the stream the watch goes on from where it was", async () => {
  const bodies: string[] = [];
  const gateway = await serve((asked, response) => {
    if (asked.path === "/v3/watch") bodies.push(asked.body);
    watchable((stream) => {
      stream.write(createdFrame(10));
      stream.write(
        bodies.length === 1 ? `${putsFrame([["/k/a", "1", 11]])}<html>\n` : putsFrame([["/k/a", "2", 12]]),
      );
    })(asked, response);
  });
  const record = recordWatch(open([gateway]), "/k/");
  await until("both changes", () => record.changes.length === 2);
  expect(record.readings).toHaveLength(1);
  expect(bodies[1]).toContain('"start_revision":"12"');
});

test("a range that the watch never told of is found by the poll and read anew", async () => {
  let written = false;
  const events: string[] = [];
  const gateway = await serve((asked, response) => {
    if (asked.path === "/v3/kv/range" && written) {
      return sendJson(response, 200, rangeAnswer(20, [["/k/a", "new", 20]]));
    }
    watchable((stream) => stream.write(createdFrame(10)))(asked, response);
  });
  const store = open([gateway], { onEvent: (event: { type: string }) => void events.push(event.type) });
  const record = recordWatch(store, "/k/", { pollMs: 50 });
  await until("the watch stands", () => record.connections.length === 1);
  written = true;
  await until("a second reading", () => record.readings.length === 2);
  expect(record.valuesOf("/k/a")).toEqual(["new"]);
  expect(events).toContain("gap-repaired");
});

test("a store that was restored from an older copy is read anew", async () => {
  let restored = false;
  const gateway = await serve((asked, response) => {
    if (asked.path === "/v3/kv/range" && restored) {
      return sendJson(response, 200, rangeAnswer(5, [["/k/a", "from the backup", 4]]));
    }
    watchable((stream) => stream.write(createdFrame(restored ? 5 : 10)))(asked, response);
  });
  const record = recordWatch(open([gateway]), "/k/", { pollMs: 50 });
  await until("the watch stands", () => record.connections.length === 1);
  restored = true;
  await until("a second reading", () => record.readings.length === 2);
  expect(record.valuesOf("/k/a")).toEqual(["from the backup"]);
  await until("it resumes after the restored revision", () =>
    gateway.asked.some((asked) => asked.body.includes('"start_revision":"6"')),
  );
});

test("a watch that may not hear the beats goes on without them", async () => {
  const events: string[] = [];
  const gateway = await serve(
    watchable((response) => {
      response.write(createdFrame(10));
      response.write(
        createdFrame(10, { watch_id: "-1", canceled: true, cancel_reason: "permission denied" }),
      );
      response.write(putsFrame([["/k/a", "1", 11]]));
    }),
  );
  const store = open([gateway], { onEvent: (event: { type: string }) => void events.push(event.type) });
  const record = recordWatch(store, "/k/", { beatPrefix: "/beat/" });
  await until("the change", () => record.changes.length === 1);
  expect(events).toEqual(["beats-refused"]);
});

test("a listener that throws is reported and does not end the watch", async () => {
  const errors: unknown[] = [];
  const gateway = await serve(
    watchable((response) => {
      response.write(createdFrame(10));
      response.write(putsFrame([["/k/a", "1", 11]]));
      response.write(putsFrame([["/k/a", "2", 12]]));
    }),
  );
  const store = open([gateway], {
    onEvent: (event: { type: string; error?: unknown }) => void errors.push(event.error),
  });
  const seen: string[] = [];
  store.watch("/k/", {
    onReading: () => undefined,
    onConnected: () => undefined,
    onChanges(changes) {
      seen.push(...changes.map((change) => change.value ?? ""));
      throw new Error("a bug of the owner");
    },
  });
  await until("both changes", () => seen.length === 2);
  expect(errors).toHaveLength(2);
  expect(seen).toEqual(["1", "2"]);
});

test("no certificate that we trust: `tls-failed` at once, not after the deadline", async () => {
  const gateway = await serve((_asked, response) => sendJson(response, 200, {}));
  const store = openRouteStore({ endpoints: [`https://${gateway.address}`], deadlineMs: 20_000 });
  stores.push(store);
  // The gateway speaks plain HTTP, so the handshake itself fails.
  expect(await store.range("/k")).toMatchObject({ ok: false, reason: "tls-failed" });
});

test("closing ends sockets and timers", async () => {
  const before = process
    .getActiveResourcesInfo()
    .filter((name) => name === "Timeout" || name === "TCPSocketWrap");
  const gateway = await serve(watchable((response) => response.write(createdFrame(10))));
  const store = open([gateway]);
  const record = recordWatch(store, "/k/", { beatPrefix: "/beat/" });
  await until("the watch stands", () => record.connections.length === 1);
  await store.range("/k");
  store.close();
  await gateway.close();
  await until("nothing is left", () => {
    const left = process
      .getActiveResourcesInfo()
      .filter((name) => name === "Timeout" || name === "TCPSocketWrap");
    // The pause of this very wait is one timer.
    return left.length <= before.length + 1;
  });
});
