import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXAMPLES } from "../../lab/examples/catalogue.ts";
import { askRemote } from "../../lab/remote-socket.ts";
import { eventually } from "../eventually.ts";

const PROGRAM = new URL("../../lab/examples/main.ts", import.meta.url).pathname;
const OFFSET = 6600;
/** A lab starts within this on a busy machine; whatever else is expected comes sooner. */
const PATIENCE = { timeout: 90_000, interval: 100 };
const SIGINT_CODE = 130;

let stateDir: string;
let output: string;
let child: ChildProcess;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "evenkeel-example-"));
  output = "";
});
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  rmSync(stateDir, { recursive: true, force: true, maxRetries: 10 });
});

function startExample(...args: string[]): void {
  child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
}

/** Numbers of the line that was printed last. */
function readPlaced(): number {
  return Number([...output.matchAll(/ (\d+) placed, /g)].at(-1)?.[1] ?? 0);
}

async function untilPlacedMore(): Promise<void> {
  const before = readPlaced();
  await eventually(() => expect(readPlaced(), output).toBeGreaterThan(before + 5), PATIENCE);
}

describe("an example", () => {
  it.each(Object.entries(EXAMPLES))(
    "%s starts a lab with one command, and goes on when its database is killed",
    async (name, { engine }) => {
      startExample(name, "--offset", String(OFFSET), "--state", stateDir, "--fast");
      await untilPlacedMore();
      expect(output).toContain(`npm run lab -- kill ${engine}-dc1 --state ${stateDir}`);
      expect(await askRemote(stateDir, ["kill", `${engine}-dc1`])).toMatchObject({ ok: true });
      await eventually(() => expect(output).toContain("switched from dc1 to dc2"), PATIENCE);
      await untilPlacedMore();
      child.kill("SIGINT");
      expect(await once(child, "exit")).toEqual([SIGINT_CODE, null]);
    },
  );

  it("is listed, and an unknown one is answered with the list", async () => {
    startExample("cobol");
    expect(await once(child, "close")).toEqual([1, null]);
    for (const [name, { shows }] of Object.entries(EXAMPLES))
      expect(output).toMatch(new RegExp(`${name} +${shows}`));
  });
});
