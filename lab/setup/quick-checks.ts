import { existsSync } from "node:fs";

/** A check: arguments of Node. */
export interface Check {
  readonly name: string;
  readonly args: readonly string[];
}

const WORKSPACES = [
  ...["contracts", "core", "plugins", "route-store", "workers", "durable-objects", "agents", "sdk", "cli"],
  ...["web", "lab", "examples", "test", "test/workers"],
];

/** Where the type checker keeps what it has found. */
const KEPT = "node_modules/.cache/types";

/** Format, lint and types: what is quick to fail, and what no test would notice. */
export const QUICK_CHECKS: readonly Check[] = [
  {
    name: "format and lint",
    args: ["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."],
  },
  ...WORKSPACES.filter((folder) => existsSync(`${folder}/tsconfig.json`)).map((folder) => ({
    name: `types of ${folder}`,
    args: [
      ...["node_modules/typescript/bin/tsc", "--noEmit", "-p", `${folder}/tsconfig.json`],
      // What has not changed since the last check is not looked at again.
      ...["--incremental", "--tsBuildInfoFile", `${KEPT}/${folder.replace("/", "-")}.tsbuildinfo`],
    ],
  })),
];
