import { z } from "zod";

/** A host and a port. */
export interface Address {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
}

const PATTERN = /^(?:\[([0-9a-fA-F:.%]+)\]|([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)):([0-9]{1,5})$/;
const PORT_MAX = 65_535;

/**
 * Makes the schema of an address field.
 *
 * @param port the engine's default port, for the message
 */
export function createAddressSchema(port: number): z.ZodString {
  return z
    .string()
    .trim()
    .max(300)
    .refine(
      (text) => parseAddress(text) !== null,
      `an address is host:port, 192.0.2.1:${port} or [2001:db8::1]:${port}`,
    )
    .meta({
      title: "Address",
      description: `Host and port, for example db.example.com:${port}.`,
    });
}

/**
 * Reads an address that the schema accepted.
 *
 * @param text `host:port`, IPv6 in brackets
 * @returns the address, or null if it is none
 */
export function parseAddress(text: string): Address | null {
  const match = PATTERN.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[4]);
  return host === undefined || port < 1 || port > PORT_MAX ? null : { host, port };
}

/**
 * Reads an address of settings that were validated when they were stored.
 *
 * @throws Error if it is none, which is a broken invariant
 */
export function readAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(`"${text}" is not an address`);
  return address;
}
