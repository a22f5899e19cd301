import { Whoami } from "@evenkeel/contracts/api";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  arrange,
  ask,
  becomeOwner,
  type Caller,
  call,
  createToken,
  OWNER,
  refused,
  SETUP_TOKEN,
} from "./control-plane.ts";

let owner: Caller;

function readCookie(headers: Headers): string {
  return headers.get("set-cookie")?.split(";")[0] ?? "";
}

describe("set-up", () => {
  it("refuses a wrong token and a short password, and then creates the owner", async () => {
    await refused({}, "POST", "/setup", "token-invalid", { token: "wrong", ...OWNER });
    await refused({}, "POST", "/setup", "token-invalid", { token: "", ...OWNER });
    await refused({}, "POST", "/setup", "invalid-input", {
      token: SETUP_TOKEN,
      name: "ada",
      password: "short",
    });
    owner = await becomeOwner();
    expect(await ask(owner, "GET", "/session", Whoami)).toMatchObject({ kind: "token", role: "owner" });
  });

  it("works once", async () => {
    const again = { token: SETUP_TOKEN, name: "eve", password: "another long password" };
    await refused({}, "POST", "/setup", "already-set-up", again);
    await refused({}, "POST", "/session", "unauthenticated", { name: "eve", password: again.password });
  });
});

describe("sessions", () => {
  let cookie: string;

  beforeAll(async () => {
    const answer = await call({}, "POST", "/session", OWNER);
    cookie = readCookie(answer.headers);
    expect(answer.headers.get("set-cookie")).toMatch(/HttpOnly; Secure; SameSite=Strict/);
  });

  it("say who is signed in", async () => {
    expect(await ask({ cookie }, "GET", "/session", Whoami)).toMatchObject({ kind: "session", name: "ada" });
  });

  it("do not tell a wrong name from a wrong password", async () => {
    const name = await refused({}, "POST", "/session", "unauthenticated", { ...OWNER, name: "nobody" });
    const password = await refused({}, "POST", "/session", "unauthenticated", {
      ...OWNER,
      password: "wrong",
    });
    expect(name.detail).toBe(password.detail);
  });

  it("change nothing for a page of another site", async () => {
    const body = { name: "stolen", role: "owner" };
    for (const headers of [{ origin: "https://evil.test" }, { origin: "null" }]) {
      await refused({ cookie, headers }, "POST", "/tokens", "forbidden", body);
    }
    await refused({ headers: { cookie } }, "POST", "/tokens", "forbidden", body);
    const form = { cookie, headers: { "content-type": "text/plain" } };
    await refused(form, "POST", "/tokens", "invalid-input", body);
    expect((await call({ cookie }, "POST", "/tokens", body)).status).toBe(201);
  });

  it("end when they are signed out", async () => {
    const other = readCookie((await call({}, "POST", "/session", OWNER)).headers);
    expect((await call({ cookie: other }, "DELETE", "/session")).status).toBe(204);
    await refused({ cookie: other }, "GET", "/session", "unauthenticated");
    expect((await call({ cookie }, "GET", "/session")).status).toBe(200);
  });

  it("can be begun with a login code, once", async () => {
    const link = await ask(owner, "POST", "/session/links", z.object({ code: z.string() }));
    const answer = await call({}, "POST", "/session/redeem", { code: link.code });
    expect(answer.status).toBe(200);
    const redeemed = { cookie: readCookie(answer.headers) };
    expect((await ask(redeemed, "GET", "/session", Whoami)).role).toBe("owner");
    await refused({}, "POST", "/session/redeem", "token-invalid", { code: link.code });
    await refused({}, "POST", "/session/redeem", "token-invalid", { code: "evk_link_nonsense" });
  });
});

describe("API tokens", () => {
  it("are shown once and never again", async () => {
    const token = await createToken(owner, "viewer");
    const list = await call(owner, "GET", "/tokens");
    expect(JSON.stringify(list.body)).not.toContain(token.split(".")[1]);
  });

  it("are refused when deleted, malformed, unknown or expired", async () => {
    const created = await call(owner, "POST", "/tokens", { name: "short-lived", role: "owner" });
    const { id, token } = z.object({ id: z.string(), token: z.string() }).parse(created.body);
    expect((await call({ token }, "GET", "/namespaces")).status).toBe(200);
    expect((await call(owner, "DELETE", `/tokens/${id}`)).status).toBe(204);
    await refused({ token }, "GET", "/namespaces", "unauthenticated");
    await refused(
      { token: (token.startsWith("A") ? "B" : "A") + token.slice(1) },
      "GET",
      "/namespaces",
      "unauthenticated",
    );
    await refused({ token: "nonsense" }, "GET", "/namespaces", "unauthenticated");
    await refused({}, "GET", "/namespaces", "unauthenticated");
  });

  it.each([
    ["viewer", { read: 200, configure: 403, operate: 403, administer: 403 }],
    ["editor", { read: 200, configure: 201, operate: 403, administer: 403 }],
    ["operator", { read: 200, configure: 403, operate: 404, administer: 403 }],
    ["owner", { read: 200, configure: 201, operate: 404, administer: 200 }],
  ] as const)("of a %s may do what the role grants", async (role, expected) => {
    const { path } = await arrange(owner);
    const caller = { token: await createToken(owner, role) };
    const command = { to: "dc2", expectedEpoch: 1, idempotencyKey: "key-of-the-test" };
    const status = async (method: string, target: string, body?: unknown) =>
      (await call(caller, method, target, body)).status;
    expect({
      read: await status("GET", `${path}/monitors`),
      configure: await status("POST", `${path}/applications`, { name: `by ${role}` }),
      // 404: the role passes, the monitor does not exist.
      operate: await status("POST", `${path}/monitors/mon_unknown1/switch`, command),
      administer: await status("GET", "/audit"),
    }).toEqual(expected);
  });
});

describe("throttling", () => {
  it("turns a name away after too many wrong passwords, even with the right one", async () => {
    const guess = { name: "ada", password: "guess" };
    const codes: unknown[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const answer = await call({}, "POST", "/session", guess);
      codes.push(answer.status);
    }
    expect(codes.slice(0, 8)).not.toContain(429);
    expect(codes.at(-1)).toBe(429);
    await refused({}, "POST", "/session", "too-many-requests", OWNER);
    const elsewhere = { headers: { "x-forwarded-for": "192.0.2.7" } };
    expect((await call(elsewhere, "POST", "/session", OWNER)).status).toBe(200);
    expect((await call(owner, "GET", "/session")).status).toBe(200);
  });
});
