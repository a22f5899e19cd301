import { StoreView } from "@evenkeel/contracts/api-stores";
import { type GeneralJWE, generalDecrypt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Arranged, arrange, ask, becomeOwner, type Caller, call, refused } from "./control-plane.ts";
import { connect, type EnrolledAgent, enrol } from "./fake-agent.ts";

const PASSWORD = "the-password-of-the-store";
const block = (label: string, text: string) => `-----BEGIN ${label}-----\n${text}\n-----END ${label}-----\n`;
const CERTIFICATE = block("CERTIFICATE", "TUlJQg==");
const KEY = block("PRIVATE KEY", "dGhlLXByaXZhdGUta2V5");
const HTTPS = { endpoints: ["https://etcd-1.test:2379", "https://etcd-2.test:2379"], user: "agent" };
const COMPLETE = { ...HTTPS, password: PASSWORD, clientCertPem: CERTIFICATE, clientKeyPem: KEY };

let owner: Caller;
let arranged: Arranged;
let agent: EnrolledAgent;
const path = () => `${arranged.path}/stores/main`;
const set = (body: object) => ask(owner, "PUT", path(), StoreView, body);

beforeAll(async () => {
  owner = await becomeOwner();
  arranged = await arrange(owner);
  agent = await enrol(owner, arranged, "dc1");
});

/** The store of the plan that the next agent gets, and what is sealed in it. */
async function planned() {
  const connected = await connect(agent);
  connected.hello();
  const { plan } = await connected.take("welcome");
  connected.close();
  const store = plan.stores[0];
  if (store === undefined) throw new Error("the plan has no store");
  if (store.sealed === null) return { store, secret: null };
  const { plaintext } = await generalDecrypt(store.sealed as GeneralJWE, agent.privateKey);
  return { store, secret: JSON.parse(new TextDecoder().decode(plaintext)) as unknown };
}

describe("a store's client certificate and mirror", () => {
  it("are absent unless they are asked for", async () => {
    const { hasPassword, hasClientKey, clientCertPem, masMirror } = await set({
      ...HTTPS,
      password: PASSWORD,
    });
    expect({ hasPassword, hasClientKey, clientCertPem, masMirror }).toEqual({
      ...{ hasPassword: true, hasClientKey: false, clientCertPem: null, masMirror: false },
    });
    expect(await planned()).toMatchObject({
      store: { clientCertPem: null, masMirror: false },
      secret: { password: PASSWORD },
    });
  });

  it("reach the agents, the key sealed beside the password", async () => {
    const view = await set({ ...COMPLETE, masMirror: true });
    expect(view).toMatchObject({
      hasPassword: true,
      hasClientKey: true,
      clientCertPem: CERTIFICATE,
      masMirror: true,
    });
    expect(view.sealedTo).toEqual([agent.agentId]);
    const { store, secret } = await planned();
    expect(store).toMatchObject({ clientCertPem: CERTIFICATE, masMirror: true });
    expect(secret).toEqual({ password: PASSWORD, clientKeyPem: KEY });
  });

  it("keep what is sealed when they are set again without it", async () => {
    await set(COMPLETE);
    await set({ ...HTTPS, clientCertPem: CERTIFICATE, masMirror: true });
    expect((await planned()).secret).toEqual({ password: PASSWORD, clientKeyPem: KEY });
  });

  it("forget what is sealed with the user and the certificate that it belonged to", async () => {
    await set(COMPLETE);
    expect(await set({ endpoints: HTTPS.endpoints })).toMatchObject({
      hasPassword: false,
      hasClientKey: false,
    });
    expect((await planned()).secret).toBeNull();
  });

  it("show the key to nobody: not in answers, not in the audit", async () => {
    await set(COMPLETE);
    for (const target of [path(), "/audit"]) {
      const text = JSON.stringify((await call(owner, "GET", target)).body);
      expect(text).not.toContain("dGhlLXByaXZhdGUta2V5");
      expect(text).not.toContain(PASSWORD);
    }
  });
});

describe("a store that contradicts itself is refused in words:", () => {
  const { clientKeyPem: _, ...keyless } = COMPLETE;
  const { password: __, ...silent } = COMPLETE;
  it.each([
    ["a certificate without its key", keyless, "clientKeyPem: is needed with clientCertPem"],
    [
      "a key without its certificate",
      { ...COMPLETE, clientCertPem: null },
      "clientCertPem: is needed with clientKeyPem",
    ],
    ["a new key without the password beside it", silent, "password: is sealed together with the client key"],
    ["a password without a user", { ...COMPLETE, user: null }, "user: is needed with a password"],
    [
      "a certificate where nothing is encrypted",
      { ...COMPLETE, endpoints: ["http://etcd-1.test:2379"] },
      "endpoints: must all be https",
    ],
    [
      "what is no certificate",
      { ...COMPLETE, clientCertPem: KEY },
      "clientCertPem: must be a certificate in PEM",
    ],
    ["what is no authority", { ...COMPLETE, caPem: "ca.pem" }, "caPem: must be a certificate in PEM"],
    [
      "a key with a passphrase",
      { ...COMPLETE, clientKeyPem: block("ENCRYPTED PRIVATE KEY", "TUlJQg==") },
      "clientKeyPem: must be a private key without a passphrase",
    ],
    ["a mirror that is neither on nor off", { ...COMPLETE, masMirror: "yes" }, "masMirror: "],
  ])("%s", async (_name, body, words) => {
    await call(owner, "PUT", path(), { endpoints: HTTPS.endpoints });
    const problem = await refused(owner, "PUT", path(), "invalid-input", body);
    expect(problem.detail).toContain(words);
    expect(problem.detail).not.toContain("dGhlLXByaXZhdGUta2V5");
  });

  it("a new password without the key that is sealed beside the old one", async () => {
    await set(COMPLETE);
    const problem = await refused(owner, "PUT", path(), "invalid-input", keyless);
    expect(problem.detail).toContain("clientKeyPem: is sealed together with the password: enter both");
  });
});

describe("several stores", () => {
  const ENDPOINTS = { dc1: ["http://10.0.0.1:2379"], dc2: ["http://10.0.0.2:2379"] };
  const at = (name: string) => `${arranged.path}/stores/${name}`;
  const put = (name: string, body: object) => ask(owner, "PUT", at(name), StoreView, body);
  const List = z.object({ items: z.array(StoreView) });
  const list = async () => (await ask(owner, "GET", `${arranged.path}/stores`, List)).items;

  beforeAll(async () => {
    await put("main", { endpoints: ENDPOINTS.dc1, sites: [arranged.sites.dc1] });
  });

  it("serve a site each, and sites without one are told of", async () => {
    const alone = (await list())[0];
    expect(alone?.warnings).toEqual([
      { id: "site-without-store", text: expect.stringContaining("dc2") as string },
    ]);
    const second = await put("etcd-dc2", { endpoints: ENDPOINTS.dc2, sites: [arranged.sites.dc2] });
    expect(second.warnings.flatMap(({ text }) => text).join()).not.toContain("dc2,");
    expect((await list()).map(({ name, sites }) => ({ name, sites }))).toEqual([
      { name: "etcd-dc2", sites: [arranged.sites.dc2] },
      { name: "main", sites: [arranged.sites.dc1] },
    ]);
  });

  it("reach the agents with their names and sites", async () => {
    const connected = await connect(agent);
    connected.hello();
    const { plan } = await connected.take("welcome");
    connected.close();
    expect(plan.stores.map(({ name, sites, endpoints }) => ({ name, sites, endpoints }))).toEqual([
      { name: "etcd-dc2", sites: [arranged.sites.dc2], endpoints: ENDPOINTS.dc2 },
      { name: "main", sites: [arranged.sites.dc1], endpoints: ENDPOINTS.dc1 },
    ]);
  });

  it.each([
    ["for all sites beside one for some", { sites: [] }, "all sites"],
    ["for a site that has one", { sites: ["dc1"] }, "would both serve dc1"],
    ["for a site that does not exist", { sites: ["site_nowhere"] }, "must be ids of sites"],
  ])("one %s is refused and not made", async (_, { sites }, words) => {
    const ids = sites.map((name) => (name === "dc1" ? arranged.sites.dc1 : name));
    const body = { endpoints: ENDPOINTS.dc1, sites: ids };
    expect((await refused(owner, "PUT", at("third"), "invalid-input", body)).detail).toContain(words);
    expect((await list()).map(({ name }) => name)).not.toContain("third");
  });

  it("a name that is none is refused", async () => {
    const body = { endpoints: ENDPOINTS.dc1, sites: [] };
    const problem = await refused(owner, "PUT", at("Not%20a%20Name"), "invalid-input", body);
    expect(problem.detail).toContain("name: must have 1 to 40");
  });

  it("keep a site from being deleted while one serves it", async () => {
    const path = `${arranged.path}/sites/${arranged.sites.dc2}`;
    expect((await refused(owner, "DELETE", path, "in-use")).detail).toContain("etcd-dc2");
  });

  it("are deleted one by one, and what is asked for then is not there", async () => {
    expect((await call(owner, "DELETE", at("etcd-dc2"))).status).toBe(204);
    await refused(owner, "GET", at("etcd-dc2"), "not-found");
    await refused(owner, "DELETE", at("etcd-dc2"), "not-found");
    expect((await list()).map(({ name }) => name)).toEqual(["main"]);
  });
});
