import type { LabEngine } from "../engines/lab-engines.ts";

/** A program below `examples/`. */
export interface Example {
  readonly engine: LabEngine;
  /** What it shows, in a sentence. */
  readonly shows: string;
  /** Whether it waits for orders over HTTP, which the lab then sends; the others place their own, a line for each. */
  readonly serves: boolean;
}

/** The examples by the name of their folder. */
export const EXAMPLES: Readonly<Record<string, Example>> = {
  "express-pg": {
    engine: "postgresql",
    shows: "an HTTP service with express and pg takes orders and gives them back",
    serves: true,
  },
  "drizzle-mysql": {
    engine: "mysql",
    shows: "a job with drizzle and mysql2 places each order in a transaction",
    serves: false,
  },
  "redis-double-write": {
    engine: "redis",
    shows: "a job with ioredis places orders that are copied to the other data centre",
    serves: false,
  },
};
