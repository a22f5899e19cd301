import { z } from "zod";
import { Warning } from "./api.ts";
import { pem } from "./pem.ts";

/** What an instance calls a route store. */
export const StoreName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "must have 1 to 40 lower-case letters, digits and hyphens");

/**
 * The etcd cluster of an instance. `password` and `clientKeyPem` are sealed to the enrolled agents and never shown again;
 * they are sealed together, so that whoever has both enters both anew.
 */
export const StoreUpdate = z.strictObject({
  /** Ids of the sites whose agents and processes use it; none: all of them. A site has one store at most. */
  sites: z.array(z.string().max(64)).max(20).default([]),
  endpoints: z
    .array(z.url({ protocol: /^https?$/ }).max(300))
    .min(1)
    .max(9),
  user: z.string().trim().min(1).max(100).nullable().default(null),
  /** Absent: keep the password that is sealed. */
  password: z.string().min(1).max(200).optional(),
  caPem: pem("CERTIFICATE", "a certificate").nullable().default(null),
  /** The agents' client certificate; without a common name, because etcd's gateway refuses certificates that have one. */
  clientCertPem: pem("CERTIFICATE", "a certificate").nullable().default(null),
  /** Its key, not encrypted; absent: keep the key that is sealed. */
  clientKeyPem: pem("PRIVATE KEY", "a private key without a passphrase").optional(),
  /** True: agents write beside each route what devspore and devcloud SDKs read below `/mas-monitor/`. */
  masMirror: z.boolean().default(false),
});
/** The etcd cluster of an instance, without its secrets. */
export const StoreView = z.object({
  id: z.string(),
  name: z.string(),
  sites: z.array(z.string()),
  endpoints: z.array(z.string()),
  user: z.string().nullable(),
  hasPassword: z.boolean(),
  hasClientKey: z.boolean(),
  /** Ids of the agents that can open password and key. */
  sealedTo: z.array(z.string()),
  caPem: z.string().nullable(),
  clientCertPem: z.string().nullable(),
  masMirror: z.boolean(),
  warnings: z.array(Warning),
});
