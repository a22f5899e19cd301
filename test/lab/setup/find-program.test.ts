import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOnDisk, readVersion } from "@evenkeel/lab/setup/find-program";
import { afterEach, beforeEach, expect, test } from "vitest";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "evenkeel-programs-"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function program(path: string, code = "exit 0", mode = 0o755): string {
  const file = join(root, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${code}\n`);
  chmodSync(file, mode);
  return file;
}

test("of several versions the highest by number is taken, with its own companions", () => {
  for (const version of ["9", "15", "14"]) {
    program(`postgresql/${version}/bin/evenkeel-db`);
    program(`postgresql/${version}/bin/evenkeel-init`);
  }
  expect(findOnDisk(["evenkeel-db"], ["evenkeel-init"], [`${root}/postgresql/*/bin`])).toEqual({
    path: join(root, "postgresql/15/bin/evenkeel-db"),
    companions: { "evenkeel-init": join(root, "postgresql/15/bin/evenkeel-init") },
  });
});

test("a program without its companion, or one that may not be executed, is not there", () => {
  program("bin/evenkeel-db");
  expect(findOnDisk(["evenkeel-db"], ["evenkeel-init"], [`${root}/bin`])).toBeUndefined();
  program("bin/evenkeel-cache", "exit 0", 0o644);
  expect(findOnDisk(["evenkeel-cache"], [], [`${root}/bin`])).toBeUndefined();
  expect(findOnDisk(["evenkeel-none"], [], [`${root}/none/*/bin`])).toBeUndefined();
});

test("the first name that exists anywhere wins over later names", () => {
  program("one/evenkeel-old");
  const preferred = program("two/evenkeel-new");
  expect(findOnDisk(["evenkeel-new", "evenkeel-old"], [], [`${root}/one`, `${root}/two`])?.path).toBe(
    preferred,
  );
});

test.each([
  ["etcd Version: 3.4.23", "3.4.23"],
  ["postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "15.18"],
  ["db  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu", "10.11.19"],
  ["no number here", "unknown"],
])("the version is read from %j", async (printed, version) => {
  expect(await readVersion(program("bin/evenkeel-db-2.0", `echo "${printed}"`))).toBe(version);
});
