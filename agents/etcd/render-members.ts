import { isIP } from "node:net";
import { AUTHORITY, memberName } from "./keep-certificates.ts";
import type { KeptFiles } from "./keep-files.ts";

/** Any address of the machine: for members that are known by a name. */
const EVERYWHERE = "0.0.0.0";
/**
 * Members whose round trip is up to a tenth of this elect in good order. A put that lost its leader waits for it once or
 * twice: 0.7 s instead of the 1.3 s of etcd's own 1000 ms.
 */
export const ELECTION_MS = 500;
/** etcd refuses more than a fifth of the election timeout. */
const HEARTBEAT_MS = 100;
/** What holds for every member, whatever its machine. */
const COMMON: readonly (readonly [string, string])[] = [
  // The passwords made here are random, so that a costlier hash only makes logins slow.
  ["bcrypt-cost", "4"],
  ["auto-compaction-mode", "periodic"],
  ["auto-compaction-retention", "1h"],
  ["quota-backend-bytes", String(4 * 1024 ** 3)],
  ["heartbeat-interval", String(HEARTBEAT_MS)],
  ["election-timeout", String(ELECTION_MS)],
];

/**
 * Renders the command line of each member. Peers meet at the port after the clients'.
 *
 * @param files where the certificates are
 * @param endpoints the members' client URLs
 * @param token names the new cluster
 * @returns a line for each member
 */
export function renderMembers(files: KeptFiles, endpoints: readonly URL[], token: string): string[] {
  const members = endpoints.map((url, index) => ({ name: memberName(index + 1), url, peer: peerOf(url) }));
  const cluster = members.map(({ name, peer }) => `${name}=${peer.origin}`).join(",");
  return members.map(({ name, url, peer }) => {
    const flags = [
      ["name", name],
      ["data-dir", `/var/lib/etcd/${name}`],
      ["listen-client-urls", listenAt(url)],
      ["advertise-client-urls", url.origin],
      ["listen-peer-urls", listenAt(peer)],
      ["initial-advertise-peer-urls", peer.origin],
      ["initial-cluster", cluster],
      ["initial-cluster-token", token],
      ...(url.protocol === "https:" ? listCertificateFlags(files, name) : []),
      ...COMMON,
    ];
    return ["etcd", ...flags.map(([flag, value]) => `--${flag}=${value}`)].join(" ");
  });
}

function listCertificateFlags(files: KeptFiles, name: string): [string, string][] {
  const [authority, certificate, key] = [`${AUTHORITY}.pem`, `${name}.pem`, `${name}.key`].map(files.pathOf);
  return ["", "peer-"].flatMap((of): [string, string][] => [
    [`${of}cert-file`, certificate ?? ""],
    [`${of}key-file`, key ?? ""],
    [`${of}trusted-ca-file`, authority ?? ""],
    [`${of}client-cert-auth`, "true"],
  ]);
}

function peerOf(url: URL): URL {
  const peer = new URL(url);
  peer.port = String(Number(url.port) + 1);
  return peer;
}

/** etcd listens at addresses only. */
function listenAt(url: URL): string {
  const isAddress = isIP(url.hostname.replace(/^\[|\]$/g, "")) !== 0;
  return `${url.protocol}//${isAddress ? url.hostname : EVERYWHERE}:${url.port}`;
}
