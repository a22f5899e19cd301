import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

/** A project of nothing but the bootstrap, a program for the verb `rules`, and an npm that only keeps a record. */
let project: string;
const SLOW_MS = 30_000;

const FAKE_NPM = `#!/bin/sh
echo "$PWD $*" >> "$NPM_CALLS"
case ":$PATH:" in *"$PWD/node_modules"*) echo "npm must not run on the Node that it replaces" >> "$NPM_CALLS";; esac
mkdir -p node_modules
while [ -e hold-npm ]; do sleep 0.05; done
echo "{}" > node_modules/.package-lock.json
`;

const RULES = `
if (process.argv[2] === "wait") {
  process.on("SIGTERM", () => process.exit(7));
  setInterval(() => undefined, 1e6);
} else process.exitCode = Number(process.argv[2] ?? 0);
console.log("arguments " + process.argv.slice(2).join(" "));
`;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "evenkeel-bootstrap-"));
  for (const folder of ["lab/setup", "bin"]) mkdirSync(join(project, folder), { recursive: true });
  for (const file of ["bootstrap.mjs", "setup/end-with-parent.ts"]) {
    copyFileSync(new URL(`../../lab/${file}`, import.meta.url), join(project, "lab", file));
  }
  writeFileSync(join(project, "lab/rules.ts"), RULES);
  writeFileSync(join(project, "package.json"), '{"type": "module"}');
  writeFileSync(join(project, "package-lock.json"), "{}");
  writeFileSync(join(project, "bin/npm"), FAKE_NPM);
  chmodSync(join(project, "bin/npm"), 0o755);
});

afterEach(() => rmSync(project, { recursive: true, force: true }));

function start(...args: string[]) {
  const child = spawn(process.execPath, [join(project, "lab/bootstrap.mjs"), ...args], {
    cwd: tmpdir(),
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: `${project}/node_modules/.bin:${project}/bin:${process.env.PATH}`,
      NPM_CALLS: join(project, "npm-calls"),
    },
  });
  let printed = "";
  const seen = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => (printed.includes(text) ? resolve() : undefined);
      for (const stream of [child.stdout, child.stderr]) stream.on("data", () => setImmediate(look));
      look();
    });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (printed += String(data)));
  const ended = once(child, "close").then(([code]) => ({ code: Number(code), printed }));
  return { child, seen, ended };
}

function npmCalls(): string[] {
  const file = join(project, "npm-calls");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

const NPM_CALL = expect.stringMatching(/ ci --no-audit --no-fund /);

test(
  "the packages are installed once, and again when the lock file changes",
  async () => {
    const first = await start("rules").ended;
    expect(first).toMatchObject({ code: 0, printed: expect.stringContaining("they are not here yet") });
    expect(npmCalls()).toEqual([NPM_CALL]);

    expect((await start("rules").ended).printed).toBe("arguments \n");
    expect(npmCalls()).toHaveLength(1);

    appendFileSync(join(project, "package-lock.json"), "\n");
    const soon = new Date(Date.now() + 60_000);
    utimesSync(join(project, "package-lock.json"), soon, soon);
    expect((await start("rules").ended).printed).toContain("package-lock.json has changed");
    expect(npmCalls()).toEqual([NPM_CALL, NPM_CALL]);
  },
  SLOW_MS,
);

test(
  "two starts at the same time install once; the second waits",
  async () => {
    writeFileSync(join(project, "hold-npm"), "");
    const first = start("rules", "0");
    await first.seen("Installing the npm packages");
    const second = start("rules", "0");
    await second.seen("waiting for it");
    rmSync(join(project, "hold-npm"));
    expect([(await first.ended).code, (await second.ended).code]).toEqual([0, 0]);
    expect(npmCalls()).toEqual([NPM_CALL]);
  },
  SLOW_MS,
);

test(
  "the lock of a start that was killed holds nobody up",
  async () => {
    mkdirSync(join(project, ".state"));
    const dead = spawn(process.execPath, ["-e", ""]);
    await once(dead, "exit");
    writeFileSync(join(project, ".state/setup.lock"), String(dead.pid));
    expect((await start("rules").ended).code).toBe(0);
    expect(existsSync(join(project, ".state/setup.lock"))).toBe(false);
  },
  SLOW_MS,
);

test(
  "arguments, exit code and signals pass through",
  async () => {
    expect(await start("rules", "5", "--flag").ended).toMatchObject({
      code: 5,
      printed: expect.stringContaining("arguments 5 --flag\n"),
    });
    const waiting = start("rules", "wait");
    await waiting.seen("arguments wait");
    waiting.child.kill("SIGTERM");
    expect((await waiting.ended).code).toBe(7);
  },
  SLOW_MS,
);

test(
  "a bootstrap that is killed takes its program along",
  async () => {
    const waiting = start("rules", "wait");
    await waiting.seen("arguments wait");
    waiting.child.kill("SIGKILL");
    // The pipe closes only when the program, which holds it too, has ended.
    await waiting.ended;
  },
  SLOW_MS,
);

test("an unknown verb is answered with those that exist", async () => {
  const { code, printed } = await start("constructor").ended;
  expect(code).toBe(1);
  expect(printed).toMatch(/There is no "constructor"\. There is: start, .*test/);
  expect(npmCalls()).toEqual([]);
});
