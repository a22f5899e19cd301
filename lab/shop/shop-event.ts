import { z } from "zod";

/** One line that the shop prints: what became of an order, or what its data source told. Times in ms since 1970, with fractions. */
export const ShopEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), engine: z.string(), atMs: z.number() }),
  z.object({
    type: z.literal("order"),
    engine: z.string(),
    id: z.string(),
    /** Data centre whose route was followed when the order began. */
    dataCentre: z.string().nullable(),
    startedAtMs: z.number(),
    atMs: z.number(),
    /** Null: written, acknowledged and read back; else the error's class or code. */
    error: z.string().nullable(),
    /** Whether the write was acknowledged, even when reading it back failed. */
    acknowledged: z.boolean(),
    message: z.string().nullable(),
  }),
  z.object({
    type: z.literal("switched"),
    engine: z.string(),
    to: z.string(),
    epoch: z.number().int(),
    atMs: z.number(),
  }),
  z.object({
    type: z.literal("route"),
    engine: z.string(),
    active: z.string(),
    epoch: z.number().int(),
    atMs: z.number(),
  }),
  z.object({ type: z.literal("store"), engine: z.string(), connected: z.boolean(), atMs: z.number() }),
]);
export type ShopEvent = z.infer<typeof ShopEvent>;

/** An order's event. */
export type OrderEvent = Extract<ShopEvent, { type: "order" }>;
