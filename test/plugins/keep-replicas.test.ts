import type { ProbeContext, ProbePurpose, ProbeSession } from "@evenkeel/contracts/plugin";
import { keepReplicas, type ReplicatedSample } from "@evenkeel/plugins/keep-replicas";
import { describe, expect, it } from "vitest";
import { eventually } from "../eventually.ts";

const MAIN = "192.0.2.1:1";
const [FIRST, SECOND] = ["192.0.2.2:1", "192.0.2.3:1"];
/** For what is to be given up soon. */
const SHORT_MS = 30;
/** For what must not be waited for. */
const ENDLESS_MS = 600_000;

/** A fake server's answer; one that never comes is a hang. */
type Answer = () => Promise<unknown>;
const hang: Answer = () => new Promise(() => undefined);

function openFake(
  answers: Readonly<Record<string, Answer>>,
  accessTimeoutMs: number,
  purpose?: ProbePurpose,
) {
  const opened: string[] = [];
  const asked: string[] = [];
  const destroyed: string[] = [];
  const open = (address: string): ProbeSession => {
    opened.push(address);
    return {
      probe: () => {
        asked.push(address);
        return answers[address]?.() ?? Promise.resolve(address);
      },
      destroy: () => destroyed.push(address),
    };
  };
  const context: ProbeContext = {
    load: () => Promise.reject(new Error("nothing is loaded here")),
    onClosed: () => undefined,
    accessTimeoutMs,
    ...(purpose === undefined ? {} : { purpose }),
  };
  const session = keepReplicas(context, {
    address: MAIN,
    replicas: [FIRST, SECOND],
    openMain: open,
    openReplica: open,
    meanings: {},
  });
  const probe = async () => (await session.probe()) as ReplicatedSample;
  return { session, probe, opened, asked, destroyed };
}

describe("a server with replicas", () => {
  it("answers at once, beside what is known of each replica", async () => {
    const { probe } = openFake({}, ENDLESS_MS);
    await probe();
    expect(await probe()).toMatchObject({
      main: MAIN,
      replicas: [
        { address: FIRST, outcome: { type: "answered", sample: FIRST } },
        { address: SECOND, outcome: { type: "answered", sample: SECOND } },
      ],
    });
  });

  it("is not slowed by a replica that hangs, which is asked once and told once it was late", async () => {
    const { probe, asked, destroyed } = openFake({ [SECOND]: hang }, SHORT_MS);
    const first = await probe();
    expect(first.main).toBe(MAIN);
    expect(first.replicas.map(({ address }) => address)).not.toContain(SECOND);
    await probe();
    expect(asked.filter((address) => address === SECOND)).toHaveLength(1);
    const late = await eventually(async () => {
      const found = (await probe()).replicas.find(({ address }) => address === SECOND);
      expect(found).toBeDefined();
      return found;
    });
    expect(late?.outcome.type).toBe("timed-out");
    expect(destroyed).toContain(SECOND);
  });

  it("fails when it fails itself, whatever its replicas say", async () => {
    const { probe } = openFake({ [MAIN]: () => Promise.reject(new Error("refused")) }, ENDLESS_MS);
    await expect(probe()).rejects.toThrow("refused");
  });

  it("lives when its replicas fail", async () => {
    const { probe } = openFake({ [FIRST]: () => Promise.reject(new Error("gone")) }, ENDLESS_MS);
    await probe();
    expect((await probe()).replicas[0]).toMatchObject({ address: FIRST, outcome: { type: "failed" } });
  });

  it("[SAFE-8] is asked alone where a login is to be proven", async () => {
    const { probe, opened } = openFake({}, ENDLESS_MS, "login");
    expect(await probe()).toEqual({ main: MAIN, replicas: [] });
    expect(opened).toEqual([MAIN]);
  });

  it("waits for its replicas where a person tests it, but not for one that hangs for ever", async () => {
    const { probe } = openFake({ [SECOND]: hang }, SHORT_MS, "test");
    expect((await probe()).replicas).toMatchObject([
      { address: FIRST, outcome: { type: "answered" } },
      { address: SECOND, outcome: { type: "timed-out" } },
    ]);
  });

  it("closes everything when it is destroyed, and asks nobody again", async () => {
    const { session, probe, destroyed } = openFake({}, ENDLESS_MS);
    await probe();
    session.destroy();
    expect(destroyed.sort()).toEqual([MAIN, FIRST, SECOND]);
    await expect(session.probe()).rejects.toThrow("given up");
  });
});
