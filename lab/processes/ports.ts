import { connect, createServer } from "node:net";
import { errorCode } from "./error-code.ts";

/** First port of the first lab: below the range from which Linux takes ports for outgoing connections (32768). */
const BASE_PORT = 24000;
/** Ports that one lab may use; a second lab needs an offset at least this large to run beside the first. */
export const PORTS_PER_LAB = 100;
/** Larger offsets would reach the ports of outgoing connections. */
export const MAX_OFFSET = 8000;
/** Everything in the lab listens here and nowhere else. */
export const LAB_HOST = "127.0.0.1";

/** Where each port of a lab lies, counted from the lab's first one. The name is what messages call it. */
const PORT_SLOTS = {
  "control-plane": 0,
  "etcd-dc1": 10,
  "etcd-dc2": 11,
  "etcd-witness": 12,
  "etcd-peer-dc1": 13,
  "etcd-peer-dc2": 14,
  "etcd-peer-witness": 15,
  "postgresql-dc1": 20,
  "postgresql-dc2": 21,
  "mysql-dc1": 24,
  "mysql-dc2": 25,
  "redis-dc1": 28,
  "redis-dc2": 29,
  "http-dc1": 32,
  "http-dc2": 33,
  "mongodb-dc1": 34,
  "mongodb-dc2": 35,
  "elasticsearch-dc1": 36,
  "elasticsearch-dc2": 37,
  "elasticsearch-transport-dc1": 38,
  "elasticsearch-transport-dc2": 39,
  "gate-postgresql-dc1": 40,
  "gate-postgresql-dc2": 41,
  "gate-mysql-dc1": 44,
  "gate-mysql-dc2": 45,
  "gate-redis-dc1": 48,
  "gate-redis-dc2": 49,
  "gate-http-dc1": 52,
  "gate-http-dc2": 53,
  "gate-mongodb-dc1": 54,
  "gate-mongodb-dc2": 55,
  "gate-elasticsearch-dc1": 56,
  "gate-elasticsearch-dc2": 57,
  "agent-peers-dc1": 60,
  "agent-peers-dc2": 61,
  "agent-peers-witness": 62,
  "agent-health-dc1": 65,
  "agent-health-dc2": 66,
  "agent-health-witness": 67,
  shop: 70,
  example: 71,
  "agent-routes-dc1": 75,
  "agent-routes-dc2": 76,
  "agent-routes-witness": 77,
  remote: 90,
} as const;

/** What a port is for. */
export type PortName = keyof typeof PORT_SLOTS;

/** The ports of one lab by name. */
export type LabPorts = Readonly<Record<PortName, number>>;

/** Every port name, in the order of the ports. */
export const PORT_NAMES = Object.keys(PORT_SLOTS) as readonly PortName[];

/**
 * The ports of one lab.
 * @param offset added to every port, 0 to {@link MAX_OFFSET}; what `--offset` gives
 * @throws when the offset is not a whole number in that range
 */
export function labPorts(offset: number): LabPorts {
  if (!Number.isInteger(offset) || offset < 0 || offset > MAX_OFFSET) {
    throw new Error(`The port offset must be a whole number from 0 to ${MAX_OFFSET}, not ${offset}.`);
  }
  const entries = Object.entries(PORT_SLOTS).map(([name, slot]) => [name, BASE_PORT + offset + slot]);
  return Object.fromEntries(entries);
}

/** Tries whether a process could listen on a port of the lab's address now. */
export async function isPortFree(port: number): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      if (errorCode(error) === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    server.listen({ host: LAB_HOST, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** How long a connection to this machine may take; one that takes longer finds nobody who accepts it. */
const CONNECT_WITHIN_MS = 1000;

/** Tries whether somebody accepts connections on a port of the lab's address now. */
export async function acceptsConnections(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: LAB_HOST, port, timeout: CONNECT_WITHIN_MS });
    const answer = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once("connect", answer(true)).once("timeout", answer(false)).once("error", answer(false));
  });
}

/**
 * What to tell a person whose lab cannot have a port.
 * @param port the port number
 * @param wantedBy what would listen there, in words ("PostgreSQL in dc1")
 */
export function describeTakenPort(port: number, wantedBy: string): string {
  return (
    `Port ${port} is taken, and ${wantedBy} wants it. End the program that uses it, ` +
    `or start this lab on other ports: --offset ${PORTS_PER_LAB} (npm start -- --offset ${PORTS_PER_LAB}).`
  );
}

/**
 * Looks for ports of a lab that something else uses.
 * @returns one sentence per taken port, empty when all are free
 */
export async function findTakenPorts(ports: Partial<LabPorts>): Promise<string[]> {
  const checks = Object.entries(ports).map(async ([name, port]) =>
    (await isPortFree(port)) ? [] : [describeTakenPort(port, name)],
  );
  return (await Promise.all(checks)).flat();
}
