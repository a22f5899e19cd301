import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Route } from "@evenkeel/contracts/route";
import { z } from "zod";

/** A snapshot file larger than this is none of ours. */
const MAX_SNAPSHOT_BYTES = 4 * 1024 * 1024;
const OWNER_ONLY = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;

const SnapshotFile = z.object({ v: z.literal(1), mac: z.string(), routes: z.string() });
const Routes = z.record(z.string(), Route);

/** The last known routes of one application, by monitor. */
export type RouteSnapshot = Readonly<Record<string, Route>>;

/** Why no snapshot was read. */
export type SnapshotProblem =
  | { readonly reason: "absent" }
  | { readonly reason: "unreadable" | "forged"; readonly message: string };

/**
 * Reads the routes that an earlier process left behind.
 *
 * @param path the file
 * @param key what the routes are authenticated with: nobody who does not know the store's password can forge a route
 * @returns the routes, or why there are none
 */
export async function readSnapshot(
  path: string,
  key: string,
): Promise<{ ok: true; routes: RouteSnapshot } | { ok: false; problem: SnapshotProblem }> {
  try {
    const { size } = await stat(path);
    if (size > MAX_SNAPSHOT_BYTES) return unreadable(`${path} is larger than ${MAX_SNAPSHOT_BYTES} bytes`);
    const file = SnapshotFile.safeParse(JSON.parse(await readFile(path, "utf8")));
    if (!file.success) return unreadable(`${path} is no snapshot`);
    if (!sameMac(file.data.mac, computeMac(file.data.routes, key))) {
      const message = `${path} was not written with this store's password, or it was changed since`;
      return { ok: false, problem: { reason: "forged", message } };
    }
    const routes = Routes.safeParse(JSON.parse(file.data.routes));
    return routes.success ? { ok: true, routes: routes.data } : unreadable(`${path} holds no routes`);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return { ok: false, problem: { reason: "absent" } };
    }
    return unreadable(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function unreadable(message: string): { ok: false; problem: SnapshotProblem } {
  return { ok: false, problem: { reason: "unreadable", message } };
}

/**
 * Leaves routes behind for the next process: a reader sees the old file or the new one, never a half.
 *
 * @param path the file
 * @param key see `readSnapshot`
 * @param routes the routes
 * @throws the file system's error
 */
export async function writeSnapshot(path: string, key: string, routes: RouteSnapshot): Promise<void> {
  const text = JSON.stringify(routes);
  const file = JSON.stringify({ v: 1, mac: computeMac(text, key), routes: text });
  const beside = `${path}.${randomUUID()}`;
  await mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY_DIRECTORY });
  try {
    await writeFile(beside, file, { mode: OWNER_ONLY, flag: "wx", flush: true });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

function computeMac(text: string, key: string): string {
  return createHmac("sha256", `evenkeel route snapshot ${key}`).update(text).digest("hex");
}

function sameMac(given: string, expected: string): boolean {
  const left = Buffer.from(given, "utf8");
  const right = Buffer.from(expected, "utf8");
  return left.length === right.length && timingSafeEqual(left, right);
}
