import type { PeerLink } from "@evenkeel/contracts/agent-protocol";
import type { KnownAgent } from "@evenkeel/durable-objects/instance/ports";
import { restoreAgents } from "@evenkeel/durable-objects/instance/restore-agents";
import type { AgentAttachment } from "@evenkeel/durable-objects/instance/sockets";
import { describe, expect, it } from "vitest";

const KNOWN: KnownAgent = { id: "a", name: "agent-dc1", site: "dc1", hash: "hash" };
const LINK: PeerLink = { agentId: "b", site: "dc2", state: "cut", ageMs: 0, roundTripMs: null };
const HELLO = {
  type: "hello",
  protocol: 1,
  boot: "boot-two",
  version: "1",
  planVersion: 1,
  host: "h",
} as const;
const OPEN: AgentAttachment = {
  ...{ role: "agent", id: "a", name: "agent-dc1", site: "dc1", openedAtMs: 1 },
  ...{ hello: HELLO, illness: null, stores: [], replaced: false },
};

describe("an agent whose socket is open after the object was rebuilt", () => {
  const restore = (boot: string) =>
    restoreAgents([KNOWN], [{ attachment: OPEN, heardAtMs: 7 }], { a: { boot, links: [LINK] } }).a;

  it("[SAFE-3] has the links that it told last: it tells them again only when they change", () => {
    expect(restore("boot-two")).toMatchObject({ connected: true, heardAtMs: 7, links: [LINK] });
  });

  it("[SAFE-5] has none of an earlier start of its process, which may have reached what this one never did", () => {
    expect(restore("boot-one")?.links).toEqual([]);
  });

  it("has none while it is away", () => {
    const away = restoreAgents([KNOWN], [], { a: { boot: "boot-two", links: [LINK] } });
    expect(away.a).toMatchObject({ connected: false, seen: false, links: [] });
  });
});
