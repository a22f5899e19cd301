import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { PeerLink } from "@evenkeel/contracts/agent-protocol";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Peer } from "../../../agents/peers/peer-net.ts";
import { findPort, makeKeys, startAgent, type TestAgent, type TestAgentOptions } from "./make-peer.ts";
import { openRelay } from "./relay.ts";

const PATIENCE = { timeout: 60_000, interval: 50 };
const SCRIPT = new URL("./peer-process.ts", import.meta.url).pathname;

/** An agent in a process of its own. */
interface OtherProcess {
  readonly child: ChildProcess;
  readonly peer: Peer;
  ask(message?: { follow: Peer[] }): Promise<{ links: PeerLink[] }>;
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function startProcess(options: TestAgentOptions): Promise<OtherProcess> {
  const child = fork(SCRIPT, [JSON.stringify(options)], { execArgv: [] });
  ends.push(() => child.kill("SIGKILL"));
  const [{ ready }] = (await once(child, "message")) as [{ ready: Peer }];
  return {
    child,
    peer: ready,
    async ask(message) {
      const answered = once(child, "message");
      child.send(message ?? {});
      return (await answered)[0];
    },
  };
}

async function startHere(id: string, site: string): Promise<TestAgent> {
  const agent = await startAgent({ id, site, keys: makeKeys() });
  ends.push(() => agent.set.stop());
  return agent;
}

/** Waits for a state of the one link that an agent has. */
async function expectState(agent: TestAgent, state: string): Promise<PeerLink> {
  await vi.waitFor(() => expect(agent.states()).toEqual({ b: state }), PATIENCE);
  const [link] = agent.set.links();
  if (link === undefined) throw new Error("the link is gone");
  return link;
}

describe("a link between two processes", () => {
  it("is up on both sides, cut while the other stands still, and up again", async () => {
    const a = await startHere("a", "dc1");
    const b = await startProcess({ id: "b", site: "dc2", keys: makeKeys() });
    await b.ask({ follow: [a.peer] });
    a.set.follow([b.peer]);
    expect((await expectState(a, "up")).roundTripMs).toBeGreaterThan(0);
    await vi.waitFor(async () => expect((await b.ask()).links).toMatchObject([{ state: "up" }]), PATIENCE);
    b.child.kill("SIGSTOP");
    await expectState(a, "cut");
    b.child.kill("SIGCONT");
    await expectState(a, "up");
  });

  it("is cut when the other dies, and up when it is started again with the same identity", async () => {
    const a = await startHere("a", "dc1");
    const options = { id: "b", site: "dc2", keys: makeKeys(), port: await findPort() };
    const b = await startProcess(options);
    await b.ask({ follow: [a.peer] });
    a.set.follow([b.peer]);
    await expectState(a, "up");
    b.child.kill("SIGKILL");
    await expectState(a, "cut");
    const reborn = await startProcess(options);
    await reborn.ask({ follow: [a.peer] });
    await expectState(a, "up");
  });
});

describe("a cable", () => {
  it("that swallows everything cuts the link, and mended it is found by a new connection", async () => {
    const [a, b] = [await startHere("a", "dc1"), await startHere("b", "dc2")];
    const relay = await openRelay(b.peer.address.port);
    ends.push(() => relay.close());
    b.set.follow([a.peer]);
    a.set.follow([{ ...b.peer, address: { host: "127.0.0.1", port: relay.port } }]);
    await expectState(a, "up");
    relay.cut();
    await expectState(a, "cut");
    relay.heal();
    await expectState(a, "up");
  });
});
