import { parseArgs } from "node:util";
import { askRemote } from "./remote-socket.ts";
import { defaultStateDir } from "./state-dir.ts";
import { listUsages } from "./verbs.ts";

/** `npm run lab -- <verb>`: commands a lab that runs in another terminal. */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    offset: { type: "string", default: "0" },
    state: { type: "string" },
    force: { type: "boolean", default: false },
  },
});
if (positionals.length === 0) {
  process.stdout.write(`npm run lab -- VERB [--offset N]\n${listUsages()}\n`);
} else {
  const stateDir = values.state ?? defaultStateDir(Number(values.offset));
  const words = [...positionals, ...(values.force ? ["--force"] : [])];
  const result = await askRemote(stateDir, words).catch((error: unknown) => ({
    ok: false,
    line: error instanceof Error ? error.message : String(error),
  }));
  process.stdout.write(`${result.line}\n`);
  process.exitCode = result.ok ? 0 : 1;
}
