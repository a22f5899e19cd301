import type { PeerAddress } from "@evenkeel/contracts/agent-protocol";

const PORT_MAX = 65_535;
/** Addresses that mean "every address of this machine"; nobody can dial them. */
const WILDCARDS: readonly string[] = ["0.0.0.0", "::"];

/** Where an agent listens, and where others find it. */
export interface ListenPlace {
  readonly listen: PeerAddress;
  /** As seen by those who dial it. */
  readonly address: PeerAddress;
}

/** The two options of a port: where to listen, and where others find it. */
export interface PlaceOptions {
  /** Names as they are written on the command line, without the dashes. */
  readonly names: { readonly listen: string; readonly address: string };
  /** Undefined: it was not given. */
  readonly listen: string | undefined;
  /** Undefined: others find it where it listens. */
  readonly address: string | undefined;
}

/**
 * Reads `host:port` or `[ipv6]:port`.
 *
 * @param text what the operator wrote
 * @returns null if it is not of that form
 */
export function parseAddress(text: string): PeerAddress | null {
  const match = /^(?:\[([^\]]{1,60})\]|([^:[\]]{1,253})):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > PORT_MAX) return null;
  return { host, port };
}

/**
 * Reads the two options of a port.
 *
 * @param options what was given
 * @returns null if the agent is not to listen there
 * @throws Error that says what is wrong with which option
 */
export function readPlace({ names, listen, address }: PlaceOptions): ListenPlace | null {
  if (listen === undefined) {
    if (address === undefined) return null;
    throw new Error(
      `--${names.address} says where others find this agent, so --${names.listen} must say where it listens`,
    );
  }
  const heard = read(names.listen, listen);
  if (address !== undefined) return { listen: heard, address: read(names.address, address) };
  if (WILDCARDS.includes(heard.host)) {
    throw new Error(
      `nobody can dial ${heard.host}: say with --${names.address} where others find this agent`,
    );
  }
  return { listen: heard, address: heard };
}

function read(option: string, text: string): PeerAddress {
  const address = parseAddress(text);
  if (address === null) throw new Error(`--${option} is to be HOST:PORT or [IPV6]:PORT, not "${text}"`);
  return address;
}
