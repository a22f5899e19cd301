import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:net";
import { SYSTEM_CLOCK } from "../../../agents/clock.ts";
import type { ListenPlace } from "../../../agents/listen-place.ts";
import type { Peer } from "../../../agents/peers/peer-net.ts";
import { createPeerSet, type PeerSet } from "../../../agents/peers/peer-set.ts";
import { openSocketNet } from "../../../agents/peers/socket-net.ts";

/** An agent's own key pair as its enrolment makes it. */
export interface Keys {
  readonly privateKey: Record<string, unknown>;
  /** Public JWK as JSON. */
  readonly publicKey: string;
}

/** Makes a key pair. */
export function makeKeys(): Keys {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    privateKey: { ...pair.privateKey.export({ format: "jwk" }) },
    publicKey: JSON.stringify(pair.publicKey.export({ format: "jwk" })),
  };
}

/** An agent that listens for peers and reaches them. */
export interface TestAgent {
  readonly set: PeerSet;
  /** As the control plane would name it to others. */
  readonly peer: Peer;
  readonly lines: readonly string[];
  /** States of its links by peer id. */
  states(): Record<string, string>;
}

/** What an agent under test is. */
export interface TestAgentOptions {
  readonly id: string;
  readonly site: string;
  readonly keys: Keys;
  readonly host?: string;
  /** Another port than any free one. */
  readonly port?: number;
}

/** Finds a port that is free now. */
export function findPort(host = "127.0.0.1"): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, host, () => {
      const bound = server.address();
      server.close(() => (typeof bound === "object" && bound !== null ? resolve(bound.port) : reject(bound)));
    });
  });
}

/** How often another free port is looked for: somebody else may take it before we do. */
const TRIES_MAX = 5;

/** Starts an agent's links, without the rest of an agent. */
export async function startAgent(options: TestAgentOptions): Promise<TestAgent> {
  const { id, site, keys, host = "127.0.0.1" } = options;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = options.port ?? (await findPort(host));
    const lines: string[] = [];
    const say = (line: string) => void lines.push(line);
    const place: ListenPlace = { listen: { host, port }, address: { host, port } };
    const net = await openSocketNet({
      agentId: id,
      privateKey: keys.privateKey,
      place,
      clock: SYSTEM_CLOCK,
      say,
    });
    if (!lines.some((line) => line.startsWith("listening"))) {
      net.close();
      continue;
    }
    const set = createPeerSet({ clock: SYSTEM_CLOCK, site, net, onChange: () => undefined, say });
    return {
      set,
      peer: { agentId: id, site, address: place.address, publicKey: keys.publicKey },
      lines,
      states: () => Object.fromEntries(set.links().map((link) => [link.agentId, link.state])),
    };
  }
  throw new Error("no port can be had");
}
