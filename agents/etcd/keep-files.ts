import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Keys and passwords are in there: only its owner may look. */
const PRIVATE_MODE = 0o600;
const PRIVATE_DIRECTORY_MODE = 0o700;

/** A directory of files that are written whole or not at all, readable by their owner only. */
export interface KeptFiles {
  pathOf(name: string): string;
  /** @returns the file's text; null: there is none */
  read(name: string): Promise<string | null>;
  /** Writes a file unless it holds this text already. @returns true if it was written */
  write(name: string, text: string): Promise<boolean>;
}

/**
 * Opens a directory; it is made if it is missing.
 *
 * @param directory its path
 * @throws Error of the file system in one line
 */
export async function openFiles(directory: string): Promise<KeptFiles> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  const pathOf = (name: string) => join(directory, name);
  async function read(name: string): Promise<string | null> {
    try {
      return await readFile(pathOf(name), "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
      throw error;
    }
  }
  return {
    pathOf,
    read,
    async write(name, text) {
      if ((await read(name)) === text) return false;
      const draft = `${pathOf(name)}.${process.pid}.draft`;
      await writeFile(draft, text, { mode: PRIVATE_MODE });
      await chmod(draft, PRIVATE_MODE);
      await rename(draft, pathOf(name));
      return true;
    },
  };
}
