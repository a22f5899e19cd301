import type { Sealed } from "@evenkeel/contracts/plan";
import { exportJWK, GeneralEncrypt, generateKeyPair, type JWK } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import type { AgentIdentity } from "../../agents/identity.ts";
import { createUnseal, type Unseal } from "../../agents/unseal.ts";

/** So short that the words of a parser would quote all of it. */
const PASSWORD = "horse-7";

interface Keys {
  readonly publicKey: Parameters<GeneralEncrypt["addRecipient"]>[0];
  readonly jwk: JWK;
}

async function makeKeys(): Promise<Keys> {
  const { publicKey, privateKey } = await generateKeyPair("ECDH-ES+A256KW", {
    crv: "P-256",
    extractable: true,
  });
  return { publicKey, jwk: await exportJWK(privateKey) };
}

/** Seals as the control plane does: one recipient per agent, named by its id. */
async function seal(content: unknown, recipients: Record<string, Keys>): Promise<Sealed> {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const sealing = new GeneralEncrypt(new TextEncoder().encode(text)).setProtectedHeader({ enc: "A256GCM" });
  for (const [kid, keys] of Object.entries(recipients)) {
    sealing.addRecipient(keys.publicKey).setUnprotectedHeader({ alg: "ECDH-ES+A256KW", kid });
  }
  return { ...(await sealing.encrypt()) } as Sealed;
}

let mine: Keys;
let other: Keys;
let unseal: Unseal;

beforeAll(async () => {
  [mine, other] = await Promise.all([makeKeys(), makeKeys()]);
  unseal = await createUnseal(identityWith(mine));
});

const identityWith = (keys: Keys): AgentIdentity => ({
  ...{ v: 1, url: "https://evenkeel.example.com", agentId: "agt_mine01", instanceId: "ins_test01" },
  ...{ site: "s1", siteName: "dc1", name: "one", agentToken: "agent-token-0123456789" },
  privateKey: { ...keys.jwk },
});

/** Words for people must not carry what the seal protects. */
function expectNoSecret(words: string): void {
  for (const secret of [PASSWORD, mine.jwk.d, other.jwk.d]) expect(words).not.toContain(secret);
}

describe("sealed credentials", () => {
  it("are opened by each agent that they were sealed to", async () => {
    const sealed = await seal({ password: PASSWORD }, { agt_other1: other, agt_mine01: mine });
    expect(await unseal(sealed)).toEqual({ ok: true, secret: { password: PASSWORD } });
  });

  it("are none where there is nothing sealed", async () => {
    expect(await unseal(null)).toEqual({ ok: true, secret: {} });
  });

  it("that were sealed to others only say what a person has to do", async () => {
    expect(await unseal(await seal({ password: PASSWORD }, { agt_other1: other }))).toEqual({
      ok: false,
      words: "the credentials were not sealed to this agent; enter them again in the console",
    });
  });

  it("that were sealed to an older key of this agent cannot be opened, in words without a secret", async () => {
    const opened = await unseal(await seal({ password: PASSWORD }, { agt_mine01: other }));
    expect(opened).toMatchObject({ ok: false, words: expect.stringContaining("this agent's key") });
    if (!opened.ok) expectNoSecret(opened.words);
  });

  it("that were changed on the way cannot be opened", async () => {
    const sealed = await seal({ password: PASSWORD }, { agt_mine01: mine });
    const first = sealed.ciphertext[0] === "A" ? "B" : "A";
    const changed = { ...sealed, ciphertext: `${first}${sealed.ciphertext.slice(1)}` };
    expect(await unseal(changed)).toMatchObject({ ok: false });
  });

  it.each([PASSWORD, `["${PASSWORD}"]`])(
    "that hold no object cannot be used, and are not quoted",
    async (text) => {
      const opened = await unseal(await seal(text, { agt_mine01: mine }));
      expect(opened.ok).toBe(false);
      if (!opened.ok) expectNoSecret(opened.words);
    },
  );

  it("are opened with the agreed algorithms only", async () => {
    const text = new TextEncoder().encode(JSON.stringify({ password: PASSWORD }));
    const weak = await new GeneralEncrypt(text)
      .setProtectedHeader({ enc: "A128CBC-HS256" })
      .addRecipient(mine.publicKey)
      .setUnprotectedHeader({ alg: "ECDH-ES+A256KW", kid: "agt_mine01" })
      .encrypt();
    expect(await unseal({ ...weak } as Sealed)).toMatchObject({ ok: false });
  });
});
