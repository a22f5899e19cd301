import { execFile } from "node:child_process";
import { chmodSync, cpSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { runTool } from "./run-tool.ts";

const MODULE = "github.com/FerretDB/FerretDB";
const VERSION = "v1.24.2";
/** The back end is SQLite, so that nothing else has to run. */
const TAGS = "ferretdb_no_postgresql,ferretdb_no_mysql";
/** Files of the module, folders included, that are made writable at most. */
const ENTRIES_MAX = 20_000;

const Download = z.object({ Dir: z.string() });

/** Go keeps modules read-only, which a copy inherits. */
function makeWritable(folder: string): void {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  if (entries.length > ENTRIES_MAX) throw new Error(`${folder} has more than ${ENTRIES_MAX} entries`);
  chmodSync(folder, 0o755);
  for (const entry of entries) {
    if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o755);
  }
}

/**
 * Builds FerretDB, which speaks MongoDB's protocol, from its Go module. Its published module lacks the file that tells
 * its version, without which it does not start: it is built from a copy that has one.
 *
 * @param folder an empty folder; the program is `ferretdb` in it
 * @throws when Go or the module cannot be had
 */
export async function buildFerretdb(folder: string): Promise<void> {
  const goMod = `module evenkeel.test/ferretdb\n\ngo 1.24\n\nrequire ${MODULE} ${VERSION}\n`;
  writeFileSync(join(folder, "go.mod"), goMod);
  const { stdout } = await promisify(execFile)("go", ["mod", "download", "-json", `${MODULE}@${VERSION}`], {
    cwd: folder,
  });
  const source = join(folder, "source");
  cpSync(Download.parse(JSON.parse(stdout)).Dir, source, { recursive: true });
  makeWritable(source);
  writeFileSync(join(source, "build", "version", "version.txt"), `${VERSION}\n`);
  writeFileSync(join(folder, "go.mod"), `${goMod}\nreplace ${MODULE} => ./source\n`);
  const program = join(folder, "ferretdb");
  const flags = ["-mod=mod", "-ldflags", "-s -w", "-tags", TAGS, "-o", program];
  await runTool("go", ["build", ...flags, `${MODULE}/cmd/ferretdb`], folder);
  if (!existsSync(program)) throw new Error("go build made no program");
  rmSync(source, { recursive: true, force: true });
}
