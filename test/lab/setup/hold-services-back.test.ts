import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { holdServicesBack } from "@evenkeel/lab/setup/hold-services-back";
import { afterEach, beforeEach, expect, test } from "vitest";

let root: string;
let policy: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "evenkeel-root-"));
  policy = join(root, "usr/sbin/policy-rc.d");
  mkdirSync(join(root, "usr/sbin"), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test("packages may start nothing, and PostgreSQL's makes no cluster, until the installation is over", () => {
  const release = holdServicesBack([], root);
  expect(readFileSync(policy, "utf8")).toMatch(/exit 101\n$/);
  expect(statSync(policy).mode & 0o111).toBe(0o111);
  const cluster = join(root, "etc/postgresql-common/createcluster.conf");
  expect(readFileSync(cluster, "utf8")).toMatch(/^create_main_cluster = false$/m);
  release();
  expect([existsSync(policy), existsSync(cluster)]).toEqual([false, false]);
});

test("what the administrator had there comes back as it was", () => {
  writeFileSync(policy, "#!/bin/sh\nexit 0\n");
  chmodSync(policy, 0o755);
  holdServicesBack([], root)();
  expect(readFileSync(policy, "utf8")).toBe("#!/bin/sh\nexit 0\n");
  expect(statSync(policy).mode & 0o777).toBe(0o755);
  expect(readdirSync(join(root, "usr/sbin"))).toEqual(["policy-rc.d"]);
});

test("a file that the package itself brought takes the place of ours", () => {
  const cluster = join(root, "etc/postgresql-common/createcluster.conf");
  const release = holdServicesBack([], root);
  writeFileSync(`${cluster}.ucf-dist`, "# the package's\n");
  release();
  expect(readFileSync(cluster, "utf8")).toBe("# the package's\n");
  expect(readdirSync(join(root, "etc/postgresql-common"))).toEqual(["createcluster.conf"]);
});

test("an installation that was killed half-way is cleaned up by the next one", () => {
  writeFileSync(policy, "#!/bin/sh\nexit 0\n");
  const releaseOfTheKilledOne = holdServicesBack([], root);
  const release = holdServicesBack([], root);
  expect(readFileSync(policy, "utf8")).toMatch(/exit 101\n$/);
  release();
  expect(readFileSync(policy, "utf8")).toBe("#!/bin/sh\nexit 0\n");
  releaseOfTheKilledOne();
  expect(readFileSync(policy, "utf8")).toBe("#!/bin/sh\nexit 0\n");
});
