import { type FileHandle, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

const OWNER_ONLY = 0o600;

/** A file that is written to. */
export interface DiskFile {
  /** Writes all bytes at a place; where that fails, none of them count. */
  write(bytes: Buffer, position: number): Promise<void>;
  /** Brings what was written onto the disk itself. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** One directory, as far as a queue uses it. All of it throws the file system's errors. */
export interface Disk {
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Buffer>;
  /** Makes an empty file. */
  create(name: string): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Brings onto the disk itself which files there are. */
  syncNames(): Promise<void>;
}

/**
 * Opens a directory.
 *
 * @param directory it exists
 */
export function openDisk(directory: string): Disk {
  return {
    list: async () => await readdir(directory),
    read: async (name) => await readFile(join(directory, name)),
    create: async (name) => createFile(await open(join(directory, name), "w", OWNER_ONLY)),
    rename: async (from, to) => await rename(join(directory, from), join(directory, to)),
    remove: async (name) => await rm(join(directory, name), { force: true }),
    async syncNames() {
      // Windows lets nobody open a directory, and writes names through.
      if (process.platform === "win32") return;
      const names = await open(directory, "r");
      await names.sync().finally(async () => await names.close());
    },
  };
}

function createFile(file: FileHandle): DiskFile {
  return {
    write: async (bytes, position) => await writeAt(file, position, bytes),
    sync: async () => await file.datasync(),
    close: async () => await file.close(),
  };
}

/** A write may take only a part. */
async function writeAt(file: FileHandle, position: number, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
