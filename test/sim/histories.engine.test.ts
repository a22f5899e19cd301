import { expect, it } from "vitest";
import { runMany } from "./run-many.ts";

const HISTORIES = 10_000;
const FAILURES_SHOWN = 3;
/** Two cores need a minute for them; busy ones are no reason to fail. */
const TIMEOUT_MS = 15 * 60_000;

it(
  `every safety rule holds over ${HISTORIES} seeded histories, and everything agrees again after each`,
  async () => {
    const { failures, automatic, histories, changes } = await runMany({
      from: 1,
      workers: 2,
      isOver: (given) => given >= HISTORIES,
    });
    expect(failures.slice(0, FAILURES_SHOWN).join("\n\n")).toBe("");
    expect(histories).toBeGreaterThanOrEqual(HISTORIES);
    // Histories in which nothing moves would prove nothing.
    expect(automatic).toBeGreaterThan(HISTORIES / 3);
    expect(changes).toBeGreaterThan(automatic);
  },
  TIMEOUT_MS,
);
