import type { Judgement } from "@evenkeel/contracts/observation";
import { expect } from "vitest";
import { whyMissing } from "../../lab/engines/engine-lab.ts";
import { createFixture, type EngineFixture, type EngineUnderTest } from "../engine-suite.ts";
import { type Cell, type Column, EXPECTED, type Expected, type Stage } from "./column.ts";
import { makeIpv6Cell, makeNetworkCells, SHORT_MS } from "./network-cells.ts";
import { mountSmallDisk, type SmallDisk } from "./small-disk.ts";

type Settings = Record<string, unknown>;
type EngineColumn = Pick<Column, "server" | "cells">;

/** A process that can be stopped, killed and started again. */
interface Killable {
  stop(): void;
  cont(): void;
  kill(): Promise<void>;
  revive(): Promise<{ readonly ok: boolean }>;
}

/** The engine under test, once it runs. */
export interface RunningEngine extends EngineFixture {
  readonly disk: () => SmallDisk | { readonly missing: string };
}

/** What differs between the engines that the lab starts. */
export interface EngineWish {
  readonly server: string;
  readonly engine: EngineUnderTest;
  readonly garbage: Expected;
  /** Megabytes of a disk on which it is at home. */
  readonly diskMegabytes: number;
  /** The cells that only this engine fills so. */
  cells(
    running: RunningEngine,
  ): Pick<
    EngineColumn["cells"],
    "locked-account" | "missing-database" | "missing-privilege" | "disk-full" | "tls-name"
  >;
}

/**
 * Makes the cell of a process that hangs.
 *
 * @param find the process, and settings of a monitor of it
 */
export function makeStoppedCell(
  find: () => { readonly process: Killable; readonly settings: Settings },
): Cell {
  return {
    by: "engine",
    expected: EXPECTED.timedOut,
    async run(stage) {
      const { process: server, settings } = find();
      const kept = stage.keep(settings);
      expect((await kept.probe()).judgement.verdict).toBe("up");
      server.stop();
      stage.after(async () => {
        server.cont();
        await stage.until(settings, EXPECTED.up);
      });
      return await stage.probe(settings, SHORT_MS);
    },
  };
}

/**
 * Makes the cell of a process that dies and is started again: the kept connection tells at once, the next probe is
 * refused, and the first one after the start is up.
 *
 * @param find the process, and settings of a monitor of it
 */
export function makeRestartCell(
  find: () => { readonly process: Killable; readonly settings: Settings },
): Cell {
  return {
    by: "engine",
    expected: EXPECTED.refused,
    remark: "told by the kept connection at once; up again at the first probe after the start",
    async run(stage) {
      const { process: server, settings } = find();
      const kept = stage.keep(settings);
      // HTTP servers close idle connections as a matter of course: the second answer makes the end news.
      for (let round = 0; round < 2; round += 1) expect((await kept.probe()).judgement.verdict).toBe("up");
      stage.after(async () => {
        expect(await server.revive()).toEqual({ ok: true });
        expect(await stage.until(settings, EXPECTED.up)).toMatchObject(EXPECTED.up);
      });
      await server.kill();
      await kept.closed;
      return await stage.probe(settings);
    },
  };
}

/**
 * Makes the column of an engine that the lab starts.
 *
 * @param wish what differs
 */
export async function makeEngineColumn(wish: EngineWish): Promise<Column> {
  const { engine, server, garbage } = wish;
  const fixture = createFixture(engine);
  let disk: SmallDisk | { readonly missing: string } = { missing: "there is no small disk" };
  const running: RunningEngine = { ...fixture, disk: () => disk };
  const settings = () => ({ ...fixture.server().settings });
  const find = () => ({ process: fixture.handle().dataCentres.dc1.process, settings: settings() });
  const { refused, ...network } = makeNetworkCells(engine.kind, garbage);
  return {
    kind: engine.kind,
    server,
    missing: await whyMissing(engine.program),
    async setUp() {
      disk = mountSmallDisk(wish.diskMegabytes);
      const before = process.env.TMPDIR;
      if ("folder" in disk) process.env.TMPDIR = disk.folder;
      await fixture.setUp().finally(() => {
        if (before === undefined) delete process.env.TMPDIR;
        else process.env.TMPDIR = before;
      });
    },
    async tearDown() {
      await fixture.tearDown();
      if ("folder" in disk) disk.unmount();
    },
    cells: {
      refused,
      ...network,
      stopped: makeStoppedCell(find),
      restart: makeRestartCell(find),
      "wrong-password": {
        by: "engine",
        expected: EXPECTED.auth,
        run: (stage) => stage.probe({ ...settings(), password: "wrong-and-secret" }),
      },
      full: { by: "engine", expected: EXPECTED.saturated, run: (stage) => fillUp(stage, running, engine) },
      "read-only": {
        by: "engine",
        expected: EXPECTED.readOnly,
        async run(stage) {
          stage.after(async () => {
            await engine.setReadOnly(fixture.server(), false);
            await stage.until(settings(), EXPECTED.up);
          });
          await engine.setReadOnly(fixture.server(), true);
          return await stage.until(settings(), EXPECTED.readOnly);
        },
      },
      ipv6: makeIpv6Cell("engine", EXPECTED.up, async () => {
        const { address } = settings() as unknown as { address: string };
        return { address, at: (other) => ({ ...settings(), address: other }) };
      }),
      ...wish.cells(running),
    },
  };
}

async function fillUp(stage: Stage, running: RunningEngine, engine: EngineUnderTest): Promise<Judgement> {
  const settings = { ...running.server().settings };
  const kept = stage.keep(settings);
  await kept.probe();
  const release = await engine.fill(running.server());
  stage.after(async () => {
    kept.destroy();
    await release();
    await stage.until(settings, EXPECTED.up);
  });
  expect((await kept.probe()).judgement).toMatchObject(EXPECTED.saturated);
  return await stage.probe(settings);
}
