import { z } from "zod";
import { createAddressSchema } from "./address.ts";

/** Databases that one monitor may be connected to. */
const CONNECTED_MAX = 20;

/** Settings of a SQL kind that hold in every data centre. */
export const SqlCommon = z.strictObject({
  user: z.string().trim().min(1).max(100).meta({
    title: "User",
    description: "The monitor's own account, read-only, the same in every data centre.",
  }),
  monitoredDatabase: z.string().trim().min(1).max(100).meta({
    title: "Monitored database",
    description: "The database that probes connect to; its own, read-only.",
  }),
  connectedDatabases: z.array(z.string().trim().min(1).max(100)).min(1).max(CONNECTED_MAX).meta({
    title: "Connected databases",
    description: "The databases that applications use, the same names everywhere.",
  }),
});

/** What is sealed of a SQL kind. */
export const SqlSecret = z.strictObject({
  password: z.string().max(200).optional().meta({ title: "Password", secret: true }),
});

/**
 * Makes the schema of one data centre of a SQL kind.
 *
 * @param port the engine's default port
 */
export function createSqlTarget(port: number) {
  return z.strictObject({
    address: createAddressSchema(port),
    tls: z.enum(["off", "require", "verify"]).default("off").meta({
      title: "TLS",
      description: "off, require (encrypted, any certificate) or verify (certificate and name).",
    }),
  });
}

/** Settings of a SQL target, merged, as a session needs them. */
export const SqlSettings = z.object({
  user: z.string(),
  monitoredDatabase: z.string(),
  connectedDatabases: z.array(z.string()).default([]),
  address: z.string(),
  tls: z.enum(["off", "require", "verify"]).default("off"),
  password: z.string().optional(),
});
export type SqlSettings = z.infer<typeof SqlSettings>;
