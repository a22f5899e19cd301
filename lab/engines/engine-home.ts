import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "./run-as.ts";

const MARK_FILE = "made-by";

/** The folder that holds the data of one engine, of all its servers. */
export interface EngineHome {
  readonly dir: string;
  /** True when it is empty and the servers have to be initialised. */
  readonly isFresh: boolean;
  /** Says that the servers are initialised; a home without this is emptied at the next start. */
  markReady(): void;
}

/**
 * Opens the folder of one engine's data. What an interrupted start or a lab with other passwords left there is removed.
 * @param dir the folder
 * @param madeBy what the data belongs to: the lab's id (see secrets.ts) and whatever else it depends on
 * @param owner to whom the folder belongs, when that is not us
 */
export function openHome(dir: string, madeBy: string, owner?: Account): EngineHome {
  const mark = join(dir, MARK_FILE);
  const isFresh = !existsSync(mark) || readFileSync(mark, "utf8") !== madeBy;
  if (isFresh) rmSync(dir, { recursive: true, force: true });
  makePrivateFolder(dir, owner);
  return {
    dir,
    isFresh,
    markReady: () => writeFileSync(mark, madeBy, { mode: 0o600 }),
  };
}

/** Makes a folder that only its owner can enter. */
export function makePrivateFolder(dir: string, owner?: Account): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  if (owner !== undefined) chownSync(dir, owner.uid, owner.gid);
}

/** Writes a file that only its owner can read. */
export function writePrivateFile(file: string, text: string, owner?: Account): void {
  writeFileSync(file, text, { mode: 0o600 });
  chmodSync(file, 0o600);
  if (owner !== undefined) chownSync(file, owner.uid, owner.gid);
}
