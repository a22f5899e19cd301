import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { acceptsConnections, LAB_HOST } from "../processes/ports.ts";

const ORDER_EVERY_MS = 100;
/** Longer than any switch; a customer who waited so long has left. */
const ANSWER_WITHIN_MS = 30_000;
const POLL_MS = 100;

/**
 * Is the customer of an example that serves HTTP: sends an order, reads it back, and so on.
 *
 * @param port where the example listens
 * @param tell receives a line for each order, in the form in which examples that place their own print them
 * @param isEnding asked before each order
 */
export async function sendOrders(
  port: number,
  tell: (line: string) => void,
  isEnding: () => boolean,
): Promise<void> {
  while (!isEnding() && !(await acceptsConnections(port))) await delay(POLL_MS);
  while (!isEnding()) {
    const id = randomUUID();
    const startedAtMs = performance.now();
    try {
      await sendOrder(`http://${LAB_HOST}:${port}/orders/${id}`);
      tell(`placed ${id} in ${(performance.now() - startedAtMs).toFixed(1)} ms`);
    } catch (error) {
      if (!isEnding()) tell(`failed ${id}: ${error instanceof Error ? error.message : String(error)}`);
    }
    await delay(ORDER_EVERY_MS);
  }
}

async function sendOrder(url: string): Promise<void> {
  const order = {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ item: "a book" }),
  };
  await expectOk(await fetch(url, { ...order, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }));
  await expectOk(await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }));
}

async function expectOk(answer: Response): Promise<void> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
}
