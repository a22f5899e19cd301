import { ADDRESSES_MAX } from "@evenkeel/contracts/observation";
import { z } from "zod";
import { describeSetting } from "./settings.ts";

/** A host and a port. */
export interface Address {
  /** A name or an IP address; without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
}

/** A host name has at most 253 characters; brackets and port come on top. */
const ADDRESS_MAX = 270;
const PORT_MAX = 65_535;
const FORM = /^(?:\[([^[\]\s]{2,60})\]|([A-Za-z0-9_][A-Za-z0-9._-]{0,252})):([0-9]{1,5})$/;
/** What consists of digits and dots only is meant as an IPv4 address and has to be one. */
const DIGITS_AND_DOTS = /^[0-9.]+$/;
const Ipv4 = z.ipv4();
const Ipv6 = z.ipv6();

/**
 * Makes the schema of an address field.
 *
 * @param port the engine's default port, for the examples in texts and messages
 */
export function createAddressSchema(port: number) {
  const form = `must be host:port, such as db.example.com:${port} or 192.0.2.10:${port}; IPv6 stands in brackets: [2001:db8::10]:${port}`;
  return z
    .string(form)
    .trim()
    .max(ADDRESS_MAX, `must have at most ${ADDRESS_MAX} characters`)
    .refine((text) => parseAddress(text) !== null, form)
    .meta(
      describeSetting(
        ["Address", "地址"],
        [
          `Host and port as the agents reach them, such as db.example.com:${port}.`,
          `代理访问所用的主机和端口，例如 db.example.com:${port}。`,
        ],
      ),
    );
}

/**
 * Makes the schema of a list of addresses, for engines of several servers.
 *
 * @param port the engine's default port
 * @param about what to enter, in both languages
 */
export function createAddressesSchema(port: number, about: readonly [en: string, zhCN: string]) {
  return z
    .array(createAddressSchema(port), "must be a list of addresses")
    .min(1, "must name at least one address")
    .max(ADDRESSES_MAX, `must name at most ${ADDRESSES_MAX} addresses`)
    .refine((addresses) => new Set(addresses).size === addresses.length, "must not name an address twice")
    .meta(describeSetting(["Addresses", "地址列表"], about));
}

/**
 * Reads an address.
 *
 * @param text `host:port`, IPv6 in brackets
 * @returns the address; null if it is none
 */
export function parseAddress(text: string): Address | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const [, bracketed, name, digits] = match;
  const port = Number(digits);
  if (port < 1 || port > PORT_MAX) return null;
  if (bracketed !== undefined) return Ipv6.safeParse(bracketed).success ? { host: bracketed, port } : null;
  if (name === undefined || (DIGITS_AND_DOTS.test(name) && !Ipv4.safeParse(name).success)) return null;
  return { host: name, port };
}

/**
 * Reads an address of settings that were validated when they were stored.
 *
 * @param text the address
 * @returns host and port
 * @throws Error if it is none, which is a broken invariant
 */
export function readAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(`"${text.slice(0, ADDRESS_MAX)}" is not host:port`);
  return address;
}
