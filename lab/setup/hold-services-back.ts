import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** In every file that we put somewhere for the time of an installation, to recognise it after a crash. */
const MARK = "# Put here by the Evenkeel lab while it installs packages; it may be deleted.";
const SET_ASIDE = ".before-evenkeel";
/** Where ucf(1) puts a package's own copy of a file that it finds changed. */
const PACKAGE_COPY = ".ucf-dist";

/** A file that has a certain content for the time of an installation. */
interface BorrowedFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

const BORROWED: readonly BorrowedFile[] = [
  {
    // Debian's rule: an answer of 101 forbids a package to start its service (invoke-rc.d(8)).
    path: "/usr/sbin/policy-rc.d",
    content: `#!/bin/sh\n${MARK}\nexit 101\n`,
    mode: 0o755,
  },
  {
    // PostgreSQL's package would else make a system-wide cluster, with data and a service of its own.
    path: "/etc/postgresql-common/createcluster.conf",
    content: `${MARK}\ncreate_main_cluster = false\n`,
    mode: 0o644,
  },
];

/** Puts back what was there before, else what the package brought; also after an installation that was killed. */
function giveBack(path: string): void {
  if (existsSync(path) && readFileSync(path, "utf8").includes(MARK)) rmSync(path);
  for (const original of [`${path}${SET_ASIDE}`, `${path}${PACKAGE_COPY}`]) {
    if (existsSync(original) && !existsSync(path)) renameSync(original, path);
  }
}

function borrow(path: string, { content, mode }: BorrowedFile): void {
  giveBack(path);
  if (existsSync(path)) renameSync(path, `${path}${SET_ASIDE}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode });
}

/** Keeps newly installed services from starting at the next boot. Without systemd there is nothing to do. */
function disable(services: readonly string[]): void {
  if (services.length === 0 || !existsSync("/usr/bin/systemctl")) return;
  // One that is not installed makes systemctl fail, which changes nothing for the others: each is asked alone.
  for (const service of services)
    spawnSync("systemctl", ["disable", "--quiet", service], { stdio: "ignore" });
}

/**
 * Keeps packages that are installed from now on from starting services.
 * @param services those that must not start at the next boot either, as systemd calls them
 * @param root of the file system
 * @returns a function that ends this; to be called when the installation is over, however it ended
 */
export function holdServicesBack(services: readonly string[], root = "/"): () => void {
  const giveAllBack = (): void => {
    for (const file of BORROWED) giveBack(join(root, file.path));
  };
  for (const file of BORROWED) borrow(join(root, file.path), file);
  process.once("exit", giveAllBack);
  return () => {
    disable(services);
    giveAllBack();
    process.off("exit", giveAllBack);
  };
}
