import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSnapshot, writeSnapshot } from "../../sdk/route/snapshot.ts";
import { makeRoute } from "./make-route.ts";

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "evenkeel-snapshot-"));
  path = join(directory, "below", "routes.json");
});
afterEach(() => {
  chmodSync(directory, 0o700);
  rmSync(directory, { recursive: true, force: true });
});

test("what one process leaves behind, the next one finds, and nobody else may read it", async () => {
  await writeSnapshot(path, "key", { db: makeRoute(7) });
  await writeSnapshot(path, "key", { db: makeRoute(8) });
  expect(await readSnapshot(path, "key")).toEqual({ ok: true, routes: { db: makeRoute(8) } });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a snapshot that was changed, or written with another password, is not believed", async () => {
  await writeSnapshot(path, "key", { db: makeRoute(7) });
  expect(await readSnapshot(path, "other")).toMatchObject({ ok: false, problem: { reason: "forged" } });
  writeFileSync(path, readFileSync(path, "utf8").replace("dc1", "dc2"));
  expect(await readSnapshot(path, "key")).toMatchObject({ ok: false, problem: { reason: "forged" } });
});

test("an absent file is no problem, a broken one is told", async () => {
  expect(await readSnapshot(path, "key")).toEqual({ ok: false, problem: { reason: "absent" } });
  await writeSnapshot(path, "key", {});
  writeFileSync(path, "{half");
  expect(await readSnapshot(path, "key")).toMatchObject({ ok: false, problem: { reason: "unreadable" } });
});
