import { addRecipient } from "@evenkeel/agent/add-recipient";
import { createUnseal } from "@evenkeel/agent/unseal";
import { listNewRecipients } from "@evenkeel/workers/plan/added-recipients";
import { seal } from "@evenkeel/workers/plan/seal";
import { exportJWK, GeneralEncrypt, generateKeyPair, importJWK, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import type { AgentIdentity } from "../../agents/identity.ts";

const SECRET = { password: "horse-7", clientKeyPem: "-----BEGIN PRIVATE KEY-----" };

interface Agent {
  readonly id: string;
  readonly publicKey: { kty: "EC"; crv: "P-256"; x: string; y: string };
  readonly privateKey: JWK;
}

async function makeAgent(id: string): Promise<Agent> {
  const pair = await generateKeyPair("ECDH-ES+A256KW", { crv: "P-256", extractable: true });
  return {
    id,
    publicKey: (await exportJWK(pair.publicKey)) as Agent["publicKey"],
    privateKey: await exportJWK(pair.privateKey),
  };
}

const [first, second, third] = await Promise.all(["agt_1", "agt_2", "agt_3"].map(makeAgent));
if (first === undefined || second === undefined || third === undefined) throw new Error("three agents");

/** Opens a secret as the agent does, with the library and not with what is tested. */
async function open(agent: Agent, sealed: Parameters<Awaited<ReturnType<typeof createUnseal>>>[0]) {
  const identity = { agentId: agent.id, privateKey: agent.privateKey } as unknown as AgentIdentity;
  return await (await createUnseal(identity))(sealed);
}

async function sealTo(...agents: Agent[]) {
  const sealed = await seal(SECRET, agents);
  if (sealed === null) throw new Error("there is a secret");
  return sealed;
}

function share(sealed: Awaited<ReturnType<typeof sealTo>>, own: Agent, added: Agent) {
  const result = addRecipient(sealed, own, added);
  if (!result.ok) throw new Error(result.why);
  return result.sealed;
}

describe("a sealed secret that was shared", () => {
  it.each([
    ["one agent", [first]],
    ["several agents", [first, second]],
  ])("sealed to %s, is opened by the new agent and by all before it", async (_, agents) => {
    const shared = share(await sealTo(...agents), first, third);
    for (const agent of [...agents, third]) {
      expect(await open(agent, shared)).toEqual({ ok: true, secret: SECRET });
    }
  });

  it("may be shared on by whom it was shared with", async () => {
    const shared = share(share(await sealTo(first), first, second), second, third);
    expect(await open(third, shared)).toEqual({ ok: true, secret: SECRET });
  });

  it("keeps its content and the others' parts byte for byte, and shows nothing", async () => {
    const before = await sealTo(first, second);
    const after = share(before, first, third);
    expect({ ...after, recipients: after.recipients.slice(0, 2) }).toEqual(before);
    expect(JSON.stringify(after)).not.toContain("horse-7");
  });
});

describe("a sealed secret is not shared", () => {
  it("by somebody who cannot open it", async () => {
    expect(addRecipient(await sealTo(first), second, third)).toEqual({ ok: false, why: "not-sealed-to-us" });
  });

  it("with a key of another curve", async () => {
    const publicKey = { kty: "OKP", crv: "X25519", x: "A".repeat(43) };
    const added = { id: "agt_4", publicKey };
    expect(addRecipient(await sealTo(first), first, added)).toEqual({ ok: false, why: "cannot-be-shared" });
  });

  it("when its ephemeral key stands where a second one has no room", async () => {
    const jwe = new GeneralEncrypt(new TextEncoder().encode("{}")).setProtectedHeader({ enc: "A256GCM" });
    const key = await importJWK(first.publicKey, "ECDH-ES+A256KW");
    jwe.addRecipient(key).setUnprotectedHeader({ alg: "ECDH-ES+A256KW", kid: first.id });
    const lone = { ...(await jwe.encrypt()) } as Awaited<ReturnType<typeof sealTo>>;
    expect(addRecipient(lone, first, second)).toEqual({ ok: false, why: "cannot-be-shared" });
  });
});

describe("what an agent sends back is taken only if all that is new are further recipients", () => {
  const known = new Set([first.id, second.id, third.id]);

  it("and tells who they are", async () => {
    const before = await sealTo(first);
    expect(listNewRecipients(before, share(before, first, second), known)).toEqual([second.id]);
  });

  it.each<[string, (shared: Awaited<ReturnType<typeof sealTo>>) => Awaited<ReturnType<typeof sealTo>>]>([
    ["other content", (shared) => ({ ...shared, ciphertext: "AAAA" })],
    ["another protected header", (shared) => ({ ...shared, protected: "e30" })],
    ["a recipient that is gone", (shared) => ({ ...shared, recipients: shared.recipients.slice(1) })],
    [
      "a recipient whose key was replaced",
      (shared) => ({
        ...shared,
        recipients: shared.recipients.map((one, at) => (at === 0 ? { ...one, encrypted_key: "AAAA" } : one)),
      }),
    ],
    [
      "a recipient twice",
      (shared) => ({ ...shared, recipients: [...shared.recipients, ...shared.recipients.slice(-1)] }),
    ],
    [
      "a recipient that is no agent",
      (shared) => ({ ...shared, recipients: [...shared.recipients, { header: { kid: "agt_stranger" } }] }),
    ],
    ["a recipient without a name", (shared) => ({ ...shared, recipients: [...shared.recipients, {}] })],
  ])("not with %s", async (_, spoil) => {
    const before = await sealTo(first);
    expect(listNewRecipients(before, spoil(share(before, first, second)), known)).toBeNull();
    expect(listNewRecipients(before, before, known)).toBeNull();
  });
});
