import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import { startRedisNode } from "@evenkeel/lab/engines/redis-nodes";
import { createSupervisor } from "@evenkeel/lab/processes/supervisor";
import { ensurePrograms, isFound } from "@evenkeel/lab/setup/programs";
import { expect, test } from "vitest";
import { z } from "zod";
import { COMMAND_TABLE } from "../../sdk/double-write/command-table.ts";

const PORT = 28_190;
const PASSWORD = "table-of-commands";
/** What `COMMAND` answers of each command, as far as it is used. */
const Commands = z.array(z.tuple([z.string(), z.number(), z.array(z.string())]).rest(z.unknown()));

/** Flagged as writing without changing data that a copy has, or the other way round; each with its reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  sort: "writes with STORE only, which is refused",
  georadius: "writes with STORE only, which is refused",
  georadiusbymember: "writes with STORE only, which is refused",
};

test("every command of a real server has a class, and none that writes is taken for one that reads", async (context) => {
  const { redis: program } = await ensurePrograms(["redis"], () => undefined);
  if (!isFound(program)) return context.skip(program.missing);
  const stateDir = mkdtempSync(join(tmpdir(), "evenkeel-commands-"));
  const made = await createSupervisor(stateDir);
  if (!made.ok) throw new Error(made.message);
  const { supervisor } = made;
  try {
    const node = { name: "commands", port: PORT, password: PASSWORD, settings: [] };
    await startRedisNode({ stateDir, program, supervisor }, node);
    const commands = Commands.parse(await useRedis(node, (redis) => redis.call("COMMAND")));
    const rows = new Map(
      COMMAND_TABLE.flatMap((row) => row.commands.split(/\s+/).map((name) => [name, row])),
    );
    expect(commands.length).toBeGreaterThan(200);
    expect(commands.map(([name]) => name).filter((name) => !rows.has(name))).toEqual([]);
    const wrong = commands.flatMap(([name, , flags]) => {
      const row = rows.get(name);
      if (row === undefined || name in EXCEPTIONS) return [];
      const writes = flags.includes("write");
      const isCopiedOrRefused = row.class !== "read" && row.class !== "local-only";
      if (writes !== isCopiedOrRefused && writes) return [`${name} writes and is ${row.class}`];
      if (flags.includes("readonly") && row.class !== "read") return [`${name} reads and is ${row.class}`];
      return [];
    });
    expect(wrong).toEqual([]);
  } finally {
    await supervisor.end();
    rmSync(stateDir, { recursive: true, force: true });
  }
});
