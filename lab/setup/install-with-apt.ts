import { spawn } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { holdServicesBack } from "./hold-services-back.ts";

/** Longest that one command may take; a mirror that answers slower is broken. */
const COMMAND_WITHIN_MS = 15 * 60_000;
/** How often a long step says that it is still going on. */
const STILL_GOING_MS = 10_000;
/** How long to wait for another package manager to finish, in seconds as apt wants it. */
const LOCK_TIMEOUT_S = 300;
/** What is kept of a command's output, for the message when it fails. */
const KEPT_CHARACTERS = 4000;

/** What became of an installation. */
export type InstallResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** What to install, and the services that must not start because of it. */
export interface InstallRequest {
  readonly packages: readonly string[];
  readonly services: readonly string[];
}

/** True on Debian and its relatives when we are root. */
export function canInstallWithApt(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/etc/debian_version"))
    return false;
  return ["/usr/bin/apt-get", "/usr/bin/dpkg"].every((program) => {
    try {
      accessSync(program, constants.X_OK);
      return true;
    } catch {
      return false; // Not being there is the answer.
    }
  });
}

const APT_ENVIRONMENT = {
  DEBIAN_FRONTEND: "noninteractive",
  // Keeps the setting that says "no main cluster" when PostgreSQL's package brings its own copy of that file.
  UCF_FORCE_CONFFOLD: "1",
  // Keeps restarts of unrelated services, which newer systems offer after an installation, from happening.
  NEEDRESTART_SUSPEND: "1",
  LC_ALL: "C.UTF-8",
};

interface CommandResult {
  readonly code: number | null;
  readonly output: string;
}

async function run(command: string, args: readonly string[]): Promise<CommandResult> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...APT_ENVIRONMENT },
      timeout: COMMAND_WITHIN_MS,
    });
    let output = "";
    const keep = (text: Buffer): void => {
      output = `${output}${text.toString("utf8")}`.slice(-KEPT_CHARACTERS);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

/** Runs one step and says what it is, that it goes on, and how long it took. */
async function step(
  what: string,
  command: () => Promise<CommandResult>,
  say: (line: string) => void,
): Promise<CommandResult> {
  const startedMs = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - startedMs) / 1000)} s`;
  const reminder = setInterval(() => say(`  ${what} … ${seconds()}`), STILL_GOING_MS);
  try {
    const result = await command();
    say(`  ${what}: ${result.code === 0 ? "done" : `failed (exit code ${result.code})`} after ${seconds()}`);
    return result;
  } finally {
    clearInterval(reminder);
  }
}

const APT_OPTIONS = [
  "-y",
  "-q",
  "-o",
  `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`,
  "-o",
  "Dpkg::Options::=--force-confold",
];

/** The apt-get call that installs; with `simulate` it only finds out whether the packages are known. */
function installCall(packages: readonly string[], simulate: boolean): string[] {
  return [
    ...APT_OPTIONS,
    ...(simulate ? ["--simulate"] : []),
    "install",
    "--no-install-recommends",
    ...packages,
  ];
}

/**
 * Installs Debian packages without letting their services start, now or at the next boot.
 * @param request packages and the services to hold back
 * @param say receives a line per step with the seconds that it took
 * @returns what failed, with the end of what apt-get said
 */
export async function installWithApt(
  request: InstallRequest,
  say: (line: string) => void,
): Promise<InstallResult> {
  const { packages, services } = request;
  const update = async (): Promise<CommandResult> =>
    await step("apt-get update", async () => await run("apt-get", [...APT_OPTIONS, "update"]), say);
  const install = async (): Promise<CommandResult> =>
    await step(
      `apt-get install ${packages.join(" ")}`,
      async () => await run("apt-get", installCall(packages, false)),
      say,
    );

  const known = await run("apt-get", installCall(packages, true));
  if (known.code !== 0) await update();
  const release = holdServicesBack(services);
  try {
    let result = await install();
    // Lists of packages that are too old name files that the mirror no longer has.
    if (result.code !== 0 && known.code === 0) {
      await update();
      result = await install();
    }
    if (result.code === 0) return { ok: true };
    return {
      ok: false,
      message: `apt-get could not install ${packages.join(" ")}. It said:\n${result.output.trim()}`,
    };
  } finally {
    release();
  }
}
