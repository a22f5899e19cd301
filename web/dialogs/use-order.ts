import { useState } from "react";
import { makeIdempotencyKey, type Order } from "../api/commands.ts";
import type { Outcome } from "../model/outcome.ts";

/** Sends an order and tells what came of it. */
export type SendOrder = (order: Order) => Promise<Outcome>;

/** An order on its way, from a dialog's point of view. */
export interface OrderState {
  readonly busy: boolean;
  /** What the last attempt came to; null before the first. */
  readonly outcome: Outcome | null;
  /** Sends an order under a new key; resolves to what came of it. */
  send(make: (idempotencyKey: string) => Order): Promise<Outcome>;
  /** Sends the last order once more, under its own key, so that it is carried out at most once. */
  sendAgain(): Promise<Outcome | null>;
  /** Forgets the last attempt. */
  forget(): void;
}

/**
 * Keeps one order of a dialog. The control plane remembers its answer to a key, so each decision of a person gets a new
 * key, and only an order that was not answered is repeated under the old one.
 *
 * @param deliver sends it
 */
export function useOrder(deliver: SendOrder): OrderState {
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [last, setLast] = useState<Order | null>(null);
  const attempt = async (order: Order) => {
    setLast(order);
    setBusy(true);
    const result = await deliver(order);
    setOutcome(result);
    setBusy(false);
    return result;
  };
  return {
    busy,
    outcome,
    send: (make) => attempt(make(makeIdempotencyKey())),
    sendAgain: async () => (last === null ? null : attempt(last)),
    forget: () => setOutcome(null),
  };
}
