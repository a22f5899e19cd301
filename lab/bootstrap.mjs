/**
 * The first thing that runs: plain JavaScript for Node 20 without any package, called by the scripts of package.json:
 *
 *   node lab/bootstrap.mjs <verb> [arguments]
 *
 * It makes sure that the npm packages, a Node that runs TypeScript and the system's programs are there, then hands over
 * to the verb's own program and ends with its exit code. It says what it does when that takes time, and nothing else.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ENGINES = ["etcd", "mariadb", "postgresql", "redis"];

/**
 * What each verb runs (a path below the project's folder, then fixed arguments) and which programs it needs.
 * @type {Record<string, { run: string[], programs: string[] }>}
 */
const VERBS = {
  start: { run: ["lab/main.ts"], programs: ENGINES },
  lab: { run: ["lab/remote.ts"], programs: [] },
  example: { run: ["lab/examples/main.ts"], programs: ENGINES },
  drill: { run: ["lab/drill/main.ts"], programs: ENGINES },
  bench: { run: ["test/bench/main.ts"], programs: ENGINES },
  check: { run: ["lab/check.ts"], programs: [] },
  rules: { run: ["lab/rules.ts"], programs: [] },
  sim: { run: ["test/sim/main.ts"], programs: [] },
  test: {
    run: [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--reporter=default",
      "--reporter=./lab/setup/count-tests.ts",
    ],
    programs: [...ENGINES, "chromium", "elasticsearch", "ferretdb"],
  },
};

const NODE_MAJOR = 24;
const NPM_NODE = join(ROOT, "node_modules", ".bin", "node");
const PACKAGE_LOCK = join(ROOT, "package-lock.json");
const INSTALLED_STAMP = join(ROOT, "node_modules", ".evenkeel-lock");
/** npm writes this at the end of every installation. */
const NPM_RECORD = join(ROOT, "node_modules", ".package-lock.json");
const SETUP_LOCK = join(ROOT, ".state", "setup.lock");
const SETUP_LOCK_WAIT_MS = 15 * 60_000;
const SETUP_LOCK_POLL_MS = 200;
const PARENT_POLL_MS = 500;

/** @param {string} line */
const say = (line) => process.stderr.write(`${line}\n`);

/** Ends with a message that tells a person what to do. @param {string} message @returns {never} */
function giveUp(message) {
  say(message);
  process.exit(1);
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Removes the lock of a process that is gone, unless somebody else just did so and took it. @param {string} seen */
function removeStaleLock(seen) {
  const aside = `${SETUP_LOCK}.${process.pid}.stale`;
  try {
    renameSync(SETUP_LOCK, aside);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  if (readFileSync(aside, "utf8") !== seen) linkSync(aside, SETUP_LOCK);
  rmSync(aside);
}

/** Takes the lock if it is free; the file appears together with the pid in it. */
function tryLock() {
  const own = `${SETUP_LOCK}.${process.pid}`;
  writeFileSync(own, `${process.pid}`);
  try {
    linkSync(own, SETUP_LOCK);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own);
  }
}

/** Lets one set-up at a time work in this folder. @returns {Promise<() => void>} a function that gives the lock back */
async function takeSetupLock() {
  mkdirSync(dirname(SETUP_LOCK), { recursive: true });
  const deadline = Date.now() + SETUP_LOCK_WAIT_MS;
  let told = false;
  while (!tryLock()) {
    const holder = existsSync(SETUP_LOCK) ? readFileSync(SETUP_LOCK, "utf8") : "";
    if (holder !== "" && !isAlive(Number(holder))) removeStaleLock(holder);
    else if (Date.now() > deadline)
      giveUp(`Process ${holder} still sets up. If it does not, delete ${SETUP_LOCK}.`);
    else {
      if (!told) say(`Another start (process ${holder}) sets up this folder; waiting for it.`);
      told = true;
      await sleep(SETUP_LOCK_POLL_MS);
    }
  }
  const giveBack = () => rmSync(SETUP_LOCK, { force: true });
  process.once("exit", giveBack);
  return () => {
    process.off("exit", giveBack);
    giveBack();
  };
}

/** npm and its scripts must not run on the very Node that they are about to replace. */
function environmentForNpm() {
  const foreign = (folder) => !resolve(folder).startsWith(join(ROOT, "node_modules"));
  return { ...process.env, PATH: (process.env.PATH ?? "").split(delimiter).filter(foreign).join(delimiter) };
}

/**
 * Runs a program to its end. Signals that reach us reach it too; so does our end.
 * @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number>} its exit code, 128 + number for a signal
 */
async function runToEnd(command, args, env = process.env) {
  const child = spawn(command, args, { cwd: ROOT, stdio: "inherit", env });
  const ended = new Promise((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code, signal) => done(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
  const forward = ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => {
    // Ctrl-C in a terminal reaches the child by itself: a second one would mean "at once".
    const pass = () => (signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal));
    process.on(signal, pass);
    return () => process.off(signal, pass);
  });
  try {
    return await ended;
  } finally {
    for (const stop of forward) stop();
  }
}

/** What identifies the packages that belong here. */
function packagesWanted() {
  const lock = createHash("sha256").update(readFileSync(PACKAGE_LOCK)).digest("hex");
  return `${lock} ${process.platform}-${process.arch}\n`;
}

/** True when npm installed them after the lock file was written, by hand or by us. @param {string} wanted */
function arePackagesThere(wanted) {
  if (existsSync(INSTALLED_STAMP) && readFileSync(INSTALLED_STAMP, "utf8") === wanted) return true;
  const byHand = statSync(NPM_RECORD, { throwIfNoEntry: false });
  return byHand !== undefined && byHand.mtimeMs >= statSync(PACKAGE_LOCK).mtimeMs;
}

async function ensurePackages() {
  const wanted = packagesWanted();
  if (!arePackagesThere(wanted)) {
    const why = existsSync(INSTALLED_STAMP) ? "package-lock.json has changed" : "they are not here yet";
    say(`Installing the npm packages, for ${why}: about 500 MB, which takes a minute or so …`);
    const started = Date.now();
    const code = await runToEnd(
      "npm",
      ["ci", "--no-audit", "--no-fund", "--loglevel=error"],
      environmentForNpm(),
    );
    if (code !== 0) giveUp(`npm ci failed (exit code ${code}); what it said stands above.`);
    say(`  npm packages: done after ${Math.round((Date.now() - started) / 1000)} s`);
  }
  writeFileSync(INSTALLED_STAMP, wanted);
}

/** A Node that runs TypeScript. @returns {string} its path */
function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) return process.execPath;
  if (existsSync(NPM_NODE)) return NPM_NODE;
  const remedy =
    process.platform === "darwin" ? `brew install node@${NODE_MAJOR}` : "install it from https://nodejs.org";
  return giveUp(`Node ${NODE_MAJOR} or newer is needed, this is ${process.versions.node}: ${remedy}`);
}

/** Our parent and, where the system tells, its parent: npm runs scripts through a shell, which may stay in between. */
function readAncestors() {
  const stat = join("/proc", String(process.ppid), "stat");
  if (!existsSync(stat)) return String(process.ppid);
  const [, grandparent] = readFileSync(stat, "latin1").split(") ").at(-1)?.split(" ") ?? [];
  return `${process.ppid} ${grandparent}`;
}

/** Ends the verb when npm is killed, which could not tell us so itself. */
function watchNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const before = readAncestors();
  setInterval(() => {
    if (readAncestors() !== before) process.kill(process.pid, "SIGTERM");
  }, PARENT_POLL_MS).unref();
}

/** Runs the tests and closes with one line that counts them. @param {string} node @param {string[]} args */
async function runTests(node, args) {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-tests-"));
  const summary = join(folder, "summary.txt");
  try {
    const code = await runToEnd(node, args, { ...process.env, EVENKEEL_TEST_SUMMARY: summary });
    const line = existsSync(summary)
      ? readFileSync(summary, "utf8")
      : "The tests did not run to their end.\n";
    process.stdout.write(line);
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  const [name = "", ...given] = process.argv.slice(2);
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined) giveUp(`There is no "${name}". There is: ${Object.keys(VERBS).join(", ")}.`);
  if (process.platform === "win32")
    giveUp("This runs on Linux and macOS; on Windows use WSL2 (wsl --install).");
  watchNpm();
  const release = await takeSetupLock();
  await ensurePackages();
  const node = findNode();
  if (verb.programs.length > 0) {
    const code = await runToEnd(node, ["lab/setup/main.ts", ...verb.programs]);
    if (code !== 0) process.exit(code);
  }
  release();
  const args = ["--import", "./lab/setup/end-with-parent.ts", ...verb.run, ...given];
  process.exitCode = name === "test" ? await runTests(node, args) : await runToEnd(node, args);
}

await main();
