import { AgentView, EnrolmentTokenCreated } from "@evenkeel/contracts/api";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type Arranged, arrange, ask, becomeOwner, type Caller, call, refused } from "./control-plane.ts";
import { enrol, join, knock, makeKeys } from "./fake-agent.ts";

let owner: Caller;
let arranged: Arranged;

beforeAll(async () => {
  owner = await becomeOwner();
  arranged = await arrange(owner);
});

async function newToken(ttlMs?: number): Promise<string> {
  const body = { site: "dc1", ...(ttlMs === undefined ? {} : { ttlMs }) };
  return (await ask(owner, "POST", `${arranged.path}/enrolment-tokens`, EnrolmentTokenCreated, body)).token;
}

async function request(token: string, name: string) {
  return { token, name, host: "host", publicKey: (await makeKeys()).publicKey };
}

describe("an enrolment token", () => {
  it("works once", async () => {
    const body = await request(await newToken(), "once");
    expect((await call({}, "POST", "/enrol", body)).status).toBe(201);
    await refused({}, "POST", "/enrol", "token-used", { ...body, name: "twice" });
  });

  it("lets one of two agents in that use it at the same moment", async () => {
    const body = await request(await newToken(), "racer");
    const answers = await Promise.all(
      [1, 2, 3].map((n) => call({}, "POST", "/enrol", { ...body, name: `racer${n}` })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
  });

  it("is refused when it is wrong or too old", async () => {
    const token = await newToken();
    await refused({}, "POST", "/enrol", "token-invalid", await request("nonsense", "a"));
    const wrong = (token.startsWith("A") ? "B" : "A") + token.slice(1);
    await refused({}, "POST", "/enrol", "token-invalid", await request(wrong, "a"));
    const old = await newToken(1000);
    vi.useFakeTimers({ now: Date.now() + 2000, toFake: ["Date"] });
    await refused({}, "POST", "/enrol", "token-expired", await request(old, "a"));
    vi.useRealTimers();
  });

  it("is not used up by a name that is taken, nor by a key that is none", async () => {
    const body = await request(await newToken(), "once");
    await refused({}, "POST", "/enrol", "already-exists", body);
    const privateKey = { ...body.publicKey, d: "A".repeat(43) };
    await refused({}, "POST", "/enrol", "invalid-input", { ...body, publicKey: privateKey });
    expect((await call({}, "POST", "/enrol", { ...body, name: "another" })).status).toBe(201);
  });
});

describe("an agent", () => {
  it("is listed with its site, and refused once it is removed", async () => {
    const agent = await enrol(owner, arranged, "dc2");
    const { items } = await ask(
      owner,
      "GET",
      `${arranged.path}/agents`,
      z.object({ items: z.array(AgentView) }),
    );
    expect(items).toContainEqual(expect.objectContaining({ id: agent.agentId, site: "dc2" }));
    const connected = await join(agent);
    expect((await call(owner, "DELETE", `${arranged.path}/agents/${agent.agentId}`)).status).toBe(204);
    expect(await connected.ended()).toMatchObject({ code: 4401 });
    expect((await knock(agent.agentToken)).status).toBe(401);
  });

  it("does not get in with another kind of token", async () => {
    expect((await knock(owner.token ?? "")).status).toBe(401);
    expect((await knock("nonsense")).status).toBe(401);
    const agent = await enrol(owner, arranged, "dc2");
    await refused({ token: agent.agentToken }, "GET", "/namespaces", "unauthenticated");
  });
});
