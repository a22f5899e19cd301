import { findEmbeddedPostgresql } from "./embedded-postgresql.ts";
import { findOnDisk, type ProgramPaths, readVersion } from "./find-program.ts";
import { canInstallWithApt, installWithApt } from "./install-with-apt.ts";

/** What the lab and its tests run besides Node. */
export type ProgramName = "etcd" | "mariadb" | "postgresql" | "redis" | "chromium";

/** How to find and how to install one program. */
interface ProgramRecipe {
  /** Names of the main executable, the preferred one first. */
  readonly executables: readonly string[];
  /** Other executables that have to be there too. */
  readonly companions: readonly string[];
  /** Folders besides PATH; `*` stands for any version, the highest is taken. */
  readonly folders: readonly string[];
  /** The smallest Debian packages that contain them. */
  readonly debian: readonly string[];
  /** System services that these packages would start at the next boot. */
  readonly services: readonly string[];
  /** What a person installs on macOS. */
  readonly brew: string;
  /** Rough size of the download on Debian with everything that it needs, for the message. */
  readonly downloadMegabytes: number;
  /** Where it may come from when the system has none and none can be installed. */
  readonly fallback?: () => ProgramPaths | undefined;
}

const RECIPES: Readonly<Record<ProgramName, ProgramRecipe>> = {
  etcd: {
    executables: ["etcd"],
    companions: [],
    folders: ["/opt/homebrew/bin", "/usr/local/bin"],
    debian: ["etcd-server"],
    services: ["etcd.service"],
    brew: "etcd",
    downloadMegabytes: 9,
  },
  mariadb: {
    executables: ["mariadbd", "mysqld"],
    companions: ["mariadb-install-db", "my_print_defaults"],
    folders: ["/usr/sbin", "/usr/bin", "/opt/homebrew/opt/mariadb/bin", "/usr/local/opt/mariadb/bin"],
    debian: ["mariadb-server-core", "mariadb-client-core"],
    services: [],
    brew: "mariadb",
    downloadMegabytes: 10,
  },
  postgresql: {
    executables: ["postgres"],
    companions: ["initdb"],
    folders: [
      "/usr/lib/postgresql/*/bin",
      "/opt/homebrew/opt/postgresql@*/bin",
      "/usr/local/opt/postgresql@*/bin",
      "/usr/pgsql-*/bin",
    ],
    debian: ["postgresql"],
    services: ["postgresql.service"],
    brew: "postgresql@17",
    downloadMegabytes: 60,
    fallback: findEmbeddedPostgresql,
  },
  redis: {
    executables: ["redis-server"],
    companions: [],
    folders: ["/usr/bin", "/opt/homebrew/bin", "/usr/local/bin"],
    debian: ["redis-server"],
    services: ["redis-server.service"],
    brew: "redis",
    downloadMegabytes: 2,
  },
  chromium: {
    executables: ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"],
    companions: [],
    folders: ["/Applications/Chromium.app/Contents/MacOS", "/Applications/Google Chrome.app/Contents/MacOS"],
    debian: ["chromium"],
    services: [],
    brew: "--cask chromium",
    downloadMegabytes: 100,
  },
};

/** Every program, in the order in which messages name them. */
export const PROGRAM_NAMES = Object.keys(RECIPES) as readonly ProgramName[];

/** A program that is there. `companions` are the paths of the other executables by name. */
export interface FoundProgram {
  readonly path: string;
  readonly version: string;
  readonly companions: Readonly<Record<string, string>>;
}

/** A program that is not there, and what a person can do about it. */
export interface MissingProgram {
  readonly missing: string;
}

/** What was found of the programs that were asked for. */
export type Programs = Readonly<Record<ProgramName, FoundProgram | MissingProgram>>;

/** True when the program can be used. */
export function isFound(program: FoundProgram | MissingProgram): program is FoundProgram {
  return "path" in program;
}

async function findProgram(name: ProgramName, mayFallBack: boolean): Promise<FoundProgram | undefined> {
  const recipe = RECIPES[name];
  const onDisk = findOnDisk(recipe.executables, recipe.companions, recipe.folders);
  const paths = onDisk ?? (mayFallBack ? recipe.fallback?.() : undefined);
  return paths === undefined ? undefined : { ...paths, version: await readVersion(paths.path) };
}

/** One line that says what to install by hand. */
function describeMissing(name: ProgramName): string {
  const { debian, brew } = RECIPES[name];
  if (process.platform === "darwin") return `${name} is not installed: brew install ${brew}`;
  if (process.platform === "win32") return `${name} is not installed: run the lab in WSL2 (wsl --install)`;
  return `${name} is not installed: as root on Debian or Ubuntu, apt-get install ${debian.join(" ")}`;
}

/** Looks for several programs at once. */
async function findAll(
  names: readonly ProgramName[],
  mayFallBack: boolean,
): Promise<Map<ProgramName, FoundProgram>> {
  const looked = names.map(async (name) => [name, await findProgram(name, mayFallBack)] as const);
  const found = await Promise.all(looked);
  return new Map(
    found.flatMap(([name, program]) => (program === undefined ? [] : [[name, program] as const])),
  );
}

/** Installs what is missing, as far as this system lets us. */
async function install(names: readonly ProgramName[], say: (line: string) => void): Promise<void> {
  if (names.length === 0 || !canInstallWithApt()) return;
  const recipes = names.map((name) => RECIPES[name]);
  const megabytes = recipes.reduce((sum, recipe) => sum + recipe.downloadMegabytes, 0);
  say(
    `Installing ${names.join(", ")} from the system's packages, once (about ${megabytes} MB); no service is started.`,
  );
  const result = await installWithApt(
    {
      packages: recipes.flatMap((recipe) => recipe.debian),
      services: recipes.flatMap((recipe) => recipe.services),
    },
    say,
  );
  if (!result.ok) say(result.message);
}

/**
 * Makes sure that programs are there: looks on PATH and in the usual folders, installs what is missing where that is
 * possible (Debian or a relative of it, as root), and falls back to what npm brought.
 * @param names which ones
 * @param say receives a line per step while something is installed; nothing is said when all are there
 * @returns for each name asked for where it lies, or what to do about it
 */
export async function ensurePrograms<Name extends ProgramName>(
  names: readonly Name[],
  say: (line: string) => void,
): Promise<Readonly<Record<Name, FoundProgram | MissingProgram>>> {
  const before = await findAll(names, false);
  await install(
    names.filter((name) => !before.has(name)),
    say,
  );
  const found = await findAll(names, true);
  const answer = {} as Record<Name, FoundProgram | MissingProgram>;
  for (const name of names) answer[name] = found.get(name) ?? { missing: describeMissing(name) };
  return answer;
}
