import type { PeerAddress } from "@evenkeel/contracts/agent-protocol";

const PORT_MAX = 65_535;
/** Addresses that mean "every address of this machine"; nobody can dial them. */
const WILDCARDS: readonly string[] = ["0.0.0.0", "::"];

/** Where an agent listens for peers, and where they find it. */
export interface PeerPlace {
  readonly listen: PeerAddress;
  /** As seen from the other sites. */
  readonly address: PeerAddress;
}

/**
 * Reads `host:port` or `[ipv6]:port`.
 *
 * @param text what the operator wrote
 * @returns null if it is not of that form
 */
export function parsePeerAddress(text: string): PeerAddress | null {
  const match = /^(?:\[([^\]]{1,60})\]|([^:[\]]{1,253})):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > PORT_MAX) return null;
  return { host, port };
}

/**
 * Reads the two options of an agent that listens for peers.
 *
 * @param listen value of `--peer-listen`; undefined: it was not given
 * @param address value of `--peer-address`; undefined: the peers find it where it listens
 * @returns null if the agent is not to listen
 * @throws Error that says what is wrong with which option
 */
export function readPeerPlace(listen: string | undefined, address: string | undefined): PeerPlace | null {
  if (listen === undefined) {
    if (address === undefined) return null;
    throw new Error(
      "--peer-address says where peers find this agent, so --peer-listen must say where it listens",
    );
  }
  const heard = read("--peer-listen", listen);
  if (address !== undefined) return { listen: heard, address: read("--peer-address", address) };
  if (WILDCARDS.includes(heard.host)) {
    throw new Error(
      `nobody can dial ${heard.host}: say with --peer-address where the other sites find this agent`,
    );
  }
  return { listen: heard, address: heard };
}

function read(option: string, text: string): PeerAddress {
  const address = parsePeerAddress(text);
  if (address === null) throw new Error(`${option} is to be HOST:PORT or [IPV6]:PORT, not "${text}"`);
  return address;
}
