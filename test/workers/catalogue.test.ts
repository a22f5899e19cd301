import { InstanceView, NamespaceView, QUOTAS, SettingsView, SiteView } from "@evenkeel/contracts/api";
import { KindView } from "@evenkeel/contracts/kind-view";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Arranged, arrange, ask, becomeOwner, type Caller, call, refused } from "./control-plane.ts";

let owner: Caller;
let arranged: Arranged;

const Items = <Schema extends z.ZodType>(item: Schema) => z.object({ items: z.array(item) });

beforeAll(async () => {
  owner = await becomeOwner();
  arranged = await arrange(owner);
});

describe("refusals of input", () => {
  it("name the path and what is expected, and never what was sent", async () => {
    const secret = "hunter2-must-not-come-back";
    const body = {
      name: 7,
      primary: { name: "a", kind: secret },
      standby: { name: secret.repeat(9) },
      [secret]: secret,
    };
    const problem = await refused(owner, "POST", "/namespaces", "invalid-input", body);
    expect(JSON.stringify(problem)).not.toContain(secret);
    const paths = z.array(z.object({ path: z.string() })).parse(problem.details?.issues);
    expect(paths.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["name", "primary.kind", "standby.name"]),
    );
  });

  it("point at unknown fields, so that a typing error is not lost", async () => {
    const body = { arbitration: { siteTimeoutMS: 5000 } };
    const problem = await refused(owner, "PATCH", `${arranged.path}/settings`, "invalid-input", body);
    expect(problem.detail).toContain("siteTimeoutMS");
  });

  it("come for bodies that are not JSON or too large", async () => {
    const text = { ...owner, headers: { "content-type": "application/json" } };
    await refused(text, "POST", "/namespaces", "invalid-input");
    await refused(owner, "POST", "/namespaces", "payload-too-large", { name: "x".repeat(1_100_000) });
  });

  it("come for paths that do not exist", async () => {
    await refused(owner, "GET", "/nonsense", "not-found");
    await refused(owner, "GET", "/namespaces/ns_unknown1", "not-found");
    await refused(owner, "GET", "/instances/ins_unknown1/sites", "not-found");
  });
});

describe("namespaces and instances", () => {
  it("can be edited, and keep what the edit leaves out", async () => {
    const path = `/namespaces/${arranged.namespaceId}`;
    const edited = await ask(owner, "PATCH", path, NamespaceView, { description: "orders" });
    expect(edited).toMatchObject({ description: "orders", primary: { name: "east", kind: "local" } });
    expect(await ask(owner, "GET", path, NamespaceView)).toEqual(edited);
  });

  it("have unique names", async () => {
    const { name, namespaceId } = await ask(owner, "GET", arranged.path, InstanceView);
    await refused(owner, "POST", "/instances", "already-exists", { namespaceId, name });
    await refused(owner, "POST", `${arranged.path}/sites`, "already-exists", { name: "dc1", kind: "data" });
    await refused(owner, "POST", `${arranged.path}/applications`, "already-exists", { name: "shop" });
  });

  it("cannot be deleted while something depends on them, and say what", async () => {
    const namespace = await refused(owner, "DELETE", `/namespaces/${arranged.namespaceId}`, "in-use");
    expect(namespace.detail).toContain("instance ");
    const instance = await refused(owner, "DELETE", arranged.path, "in-use");
    expect(instance.details).toMatchObject({ dependents: { applications: ["shop"] } });
  });

  it("are gone with everything in them when they are deleted", async () => {
    const other = await arrange(owner);
    const token = { site: "dc1" };
    expect((await call(owner, "POST", `${other.path}/enrolment-tokens`, token)).status).toBe(201);
    expect((await call(owner, "DELETE", `${other.path}/applications/${other.applicationId}`)).status).toBe(
      204,
    );
    expect((await call(owner, "DELETE", other.path)).status).toBe(204);
    await refused(owner, "GET", other.path, "not-found");
    await refused(owner, "GET", `${other.path}/live`, "not-found");
    expect((await call(owner, "DELETE", `/namespaces/${other.namespaceId}`)).status).toBe(204);
  });

  it("end at a quota that names itself and its use", async () => {
    const used = (await ask(owner, "GET", "/namespaces", Items(NamespaceView))).items.length;
    const body = (index: number) => ({ name: `n${index}`, primary: { name: "a" }, standby: { name: "b" } });
    for (let index = used; index < QUOTAS.namespaces; index += 1) {
      expect((await call(owner, "POST", "/namespaces", body(index))).status).toBe(201);
    }
    const problem = await refused(owner, "POST", "/namespaces", "quota-exceeded", body(99));
    expect(problem.details).toEqual({ quota: "namespaces", max: 10, used: 10 });
  });
});

describe("sites", () => {
  it("can be renamed, and deleted while nothing stands in them", async () => {
    const created = await ask(owner, "POST", `${arranged.path}/sites`, SiteView, {
      name: "dc3",
      kind: "data",
    });
    const path = `${arranged.path}/sites/${created.id}`;
    expect(await ask(owner, "PATCH", path, SiteView, { name: "dc4" })).toEqual({ ...created, name: "dc4" });
    expect((await call(owner, "DELETE", path)).status).toBe(204);
    const { items } = await ask(owner, "GET", `${arranged.path}/sites`, Items(SiteView));
    expect(items.map(({ name }) => name)).toEqual(["dc1", "dc2", "witness"]);
  });
});

describe("settings", () => {
  it("show each kind's defaults and what the instance sets itself", async () => {
    const path = `${arranged.path}/settings`;
    const before = await ask(owner, "GET", path, SettingsView);
    expect(before.timing.fakedb?.monitorTimeoutMs).toBe(10_000);
    const timing = { fakedb: { monitorTimeoutMs: 1000, retryIntervalMs: 200 } };
    const after = await ask(owner, "PATCH", path, SettingsView, { arbitration: { mode: "observe" }, timing });
    expect(after.timing.fakedb).toMatchObject({ monitorTimeoutMs: 1000, accessTimeoutMs: 3000 });
    expect(after.overrides).toEqual(timing);
    expect(after.arbitration).toMatchObject({ mode: "observe", siteTimeoutMs: 20_000 });
  });

  it("refuse kinds that do not exist and values out of range", async () => {
    const path = `${arranged.path}/settings`;
    const unknown = await refused(owner, "PATCH", path, "invalid-input", { timing: { nonsense: {} } });
    expect(unknown.detail).toContain("fakedb");
    await refused(owner, "PATCH", path, "invalid-input", { timing: { fakedb: { retryIntervalMs: 1 } } });
  });

  it("reach the Instance as a new plan", async () => {
    const { planVersion } = await ask(owner, "GET", arranged.path, InstanceView);
    await call(owner, "PATCH", `${arranged.path}/settings`, { arbitration: { mode: "hold" } });
    const Live = z.object({ planVersion: z.number(), settings: z.object({ mode: z.string() }) });
    const live = await ask(owner, "GET", `${arranged.path}/live`, Live);
    expect(live).toEqual({ planVersion: planVersion + 1, settings: { mode: "hold" } });
  });
});

describe("the audit", () => {
  it("has who did what to what, before and after, newest first", async () => {
    await call(owner, "PATCH", `/namespaces/${arranged.namespaceId}`, { description: "audited" });
    const Record = z.object({
      id: z.string(),
      action: z.string(),
      principal: z.string(),
      before: z.object({ description: z.string() }),
      after: z.object({ description: z.string() }),
    });
    const { items } = await ask(owner, "GET", "/audit?limit=1", Items(Record));
    expect(items[0]).toMatchObject({ action: "edit namespace", after: { description: "audited" } });
    expect(items[0]?.principal).toMatch(/^token owner-/);
    const older = await ask(
      owner,
      "GET",
      `/audit?limit=1&before=${items[0]?.id}`,
      Items(z.object({ id: z.string() })),
    );
    expect(older.items[0]?.id).not.toBe(items[0]?.id);
  });
});

describe("kinds of monitors", () => {
  it("are listed with their settings as JSON Schema and the account that each needs", async () => {
    const { items } = await ask(owner, "GET", "/kinds", Items(KindView));
    expect(items.map(({ kind }) => kind).sort()).toEqual(["fakeapi", "fakedb"]);
    const db = items.find(({ kind }) => kind === "fakedb");
    expect(db).toMatchObject({ switchable: true, account: "CREATE USER watcher" });
    expect(db?.settings.common).toMatchObject({ required: ["user", "database"] });
    expect(items.find(({ kind }) => kind === "fakeapi")?.account).toBeNull();
  });

  it("are for those who signed in", async () => {
    await refused({}, "GET", "/kinds", "unauthenticated");
  });
});
