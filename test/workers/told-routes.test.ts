import type { MonitorView } from "@evenkeel/contracts/api";
import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { renderPoint, ToldRoutes } from "@evenkeel/contracts/told-routes";
import { exportJWK } from "jose";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { parse } from "yaml";
import {
  type Arranged,
  arrange,
  ask,
  BASE,
  becomeOwner,
  type Caller,
  call,
  createMonitor,
  createToken,
  refused,
} from "./control-plane.ts";
import { connect, type EnrolledAgent, enrol, type FakeAgent } from "./fake-agent.ts";

const HERE = { host: "fd00::7", port: 7421 };

let owner: Caller;
let arranged: Arranged;
let monitor: MonitorView;
let enrolled: EnrolledAgent;
let agent: FakeAgent;
let store: string;

beforeAll(async () => {
  owner = await becomeOwner();
  arranged = await arrange(owner);
  enrolled = await enrol(owner, arranged, "dc1");
  const answer = await call(owner, "PUT", `${arranged.path}/stores/main`, {
    endpoints: ["http://10.0.0.1:2379"],
  });
  store = (answer.body as { id: string }).id;
  monitor = await createMonitor(owner, arranged);
});
beforeEach(async () => {
  agent?.close();
  agent = await connect(enrolled);
  agent.hello(null, HERE);
});

const routesPath = (applicationId = monitor.applicationId) =>
  `${arranged.path}/applications/${applicationId}/routes`;
const told = () => ask(owner, "GET", routesPath(), ToldRoutes);
const stored = (epoch: number) =>
  agent.send({
    type: "written",
    results: [
      {
        monitorId: monitor.id,
        store,
        epoch,
        step: null,
        tookMs: 1,
        outcome: { result: "stored", written: true },
      },
    ],
  });

it("[SAFE-1] tells the processes of an application their routes once a store holds them", async () => {
  expect((await agent.take("welcome")).routes).toMatchObject([
    { monitorId: monitor.id, acknowledged: false },
  ]);
  expect(await told()).toEqual({ v: 1, routes: {}, pending: [monitor.id] });
  stored(1);
  await expect
    .poll(told)
    .toMatchObject({ routes: { [monitor.id]: { epoch: 1, active: "dc1" } }, pending: [] });
  expect(await ask(owner, "GET", routesPath("another"), ToldRoutes)).toEqual({
    v: 1,
    routes: {},
    pending: [],
  });
  const next = await connect(enrolled);
  next.hello();
  expect((await next.take("welcome")).routes).toMatchObject([{ monitorId: monitor.id, acknowledged: true }]);
  next.close();
});

it("tells nobody who may not read the instance", async () => {
  await refused({}, "GET", routesPath(), "unauthenticated");
  const viewer = { token: await createToken(owner, "viewer") };
  expect((await call(viewer, "GET", routesPath())).status).toBe(200);
});

it("hands out the agents of the process's site with their keys, and itself", async () => {
  await agent.take("welcome");
  const read = async (query: string) => {
    const path = `${arranged.path}/monitors/${monitor.id}/sdk-config${query}`;
    return SdkConfig.parse(parse(String((await call(owner, "GET", path)).body)));
  };
  const { d: _, ...jwk } = await exportJWK(enrolled.privateKey);
  const control = { controlPlane: BASE, token: expect.stringMatching(/^\$\{EVENKEEL_TOKEN:-\}$/) };
  const mine = { agents: [{ address: "[fd00::7]:7421", key: renderPoint(jwk) }], ...control };
  expect((await read("?site=dc1")).fallback).toEqual(mine);
  expect((await read("")).fallback).toEqual(mine);
  expect((await read("?site=dc2")).fallback).toEqual({ agents: [], ...control });
});
