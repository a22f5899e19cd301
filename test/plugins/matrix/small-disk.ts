import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MEGABYTE = 1024 * 1024;

/** A disk in memory that can be filled. */
export interface SmallDisk {
  readonly folder: string;
  fill(): void;
  free(): void;
  /** Takes it away, also from who still uses it. */
  unmount(): void;
}

/**
 * Mounts a small disk.
 *
 * @param megabytes its size
 * @returns the disk, or why there can be none
 */
export function mountSmallDisk(megabytes: number): SmallDisk | { readonly missing: string } {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=755`, "tmpfs", folder], {
      stdio: "ignore",
    });
  } catch {
    rmdirSync(folder);
    return { missing: "nobody but root may mount a disk, and not in every container" };
  }
  const filler = join(folder, "filler");
  return {
    folder,
    fill() {
      const file = openSync(filler, "w");
      const piece = Buffer.alloc(MEGABYTE);
      try {
        for (let size = piece.length; size > 0; ) {
          try {
            writeSync(file, piece, 0, size);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
            size = Math.floor(size / 2);
          }
        }
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler, { force: true }),
    unmount() {
      execFileSync("umount", ["-l", folder]);
      rmdirSync(folder);
    },
  };
}
