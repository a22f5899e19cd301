import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import { openServer } from "./fault-servers.ts";
import type { ServerCertificate } from "./test-certificates.ts";

/** Types of packets of Oracle's network (TNS), as the driver's own source names them. */
const TYPES = { connect: 1, accept: 2, refuse: 4, redirect: 5, data: 6, resend: 11 } as const;
const HEADER_BYTES = 8;
/** Connect packets without data have as many bytes; the descriptor follows in a packet of its own. */
const BARE_CONNECT_BYTES = 74;
/** Two bytes of flags precede what a data packet holds. */
const DATA_FLAGS_BYTES = 2;
/** Versions of the protocol: of Oracle 12.1 or newer, whose packets have lengths of four bytes from then on, and of 11. */
const NEW_VERSION = 317;
const OLD_VERSION = 314;
const UNIT_BYTES = 8192;
/** Neither encryption nor checksums of the network's own are negotiated. */
const NO_NETWORK_SERVICES = 0x0c;

/** A listener of Oracle's network, as far as a login: no database stands behind it. */
export interface FakeListener {
  readonly address: string;
  readonly port: number;
  /** The descriptors that clients connected with, one for each connect packet. */
  readonly descriptors: string[];
  readonly sockets: readonly Socket[];
}

/** What a listener does with a connect packet; `attempt` counts those of one connection from 1 on. */
export type Answer = (stream: Duplex, attempt: number, socket: Socket) => void;

/**
 * Starts a listener; it is closed when the test has finished.
 *
 * @param answer what it does with a connect packet
 * @param certificate speaks TLS (TCPS) with it
 */
export async function serveListener(answer: Answer, certificate?: ServerCertificate): Promise<FakeListener> {
  const descriptors: string[] = [];
  const sockets: Socket[] = [];
  const server = await openServer((socket) => {
    sockets.push(socket);
    const stream = certificate === undefined ? socket : secure(socket, certificate);
    let attempt = 0;
    readPackets(stream, (type, packet) => {
      const isBare = type === TYPES.connect && packet.length === BARE_CONNECT_BYTES;
      if (isBare) return;
      const from =
        type === TYPES.connect
          ? BARE_CONNECT_BYTES
          : type === TYPES.data
            ? HEADER_BYTES + DATA_FLAGS_BYTES
            : 0;
      const text = packet.subarray(from).toString("latin1");
      // What follows an acceptance is a login, of which nothing is known here.
      if (!text.startsWith("(DESCRIPTION=")) return;
      descriptors.push(text);
      attempt += 1;
      answer(stream, attempt, socket);
    });
  });
  onTestFinished(() => server.close());
  return { address: server.address, port: Number(server.address.split(":")[1]), descriptors, sockets };
}

function secure(socket: Socket, { cert, key, ...demand }: ServerCertificate): Duplex {
  const secureContext = createSecureContext({ cert, key, ...demand });
  const stream = new TLSSocket(socket, { isServer: true, secureContext, ...demand });
  stream.once("secure", () => {
    if (demand.requestCert === true && stream.getPeerX509Certificate() === undefined) socket.destroy();
  });
  // Clients that do not like the certificate break off; that is what it is for.
  stream.on("error", () => socket.destroy());
  return stream;
}

function readPackets(stream: Duplex, read: (type: number, packet: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES && rest.length >= rest.readUInt16BE(0)) {
      const packet = rest.subarray(0, Math.max(HEADER_BYTES, rest.readUInt16BE(0)));
      rest = rest.subarray(packet.length);
      read(packet[4] ?? 0, packet);
    }
  });
}

/** Makes a packet. */
export function makePacket(type: keyof typeof TYPES | number, content: Uint8Array, flags = 0): Buffer {
  const packet = Buffer.concat([Buffer.alloc(HEADER_BYTES), content]);
  packet.writeUInt16BE(packet.length, 0);
  packet[4] = typeof type === "number" ? type : TYPES[type];
  packet[5] = flags;
  return packet;
}

const withLength = (text: string) => {
  const content = Buffer.from(`__${text}`, "latin1");
  content.writeUInt16BE(text.length, 0);
  return content;
};
const refusal = (number: number) =>
  `(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=${number})(ERROR_STACK=(ERROR=(CODE=${number})(EMFI=4))))`;

/** Refuses with a number, as listeners do. */
export const refuse =
  (number: number): Answer =>
  (stream) =>
    stream.end(makePacket("refuse", Buffer.concat([Buffer.from([0x22, 0]), withLength(refusal(number))])));

/** Refuses with the number in a packet of its own. */
export const refuseInTwo =
  (number: number): Answer =>
  (stream) => {
    stream.write(makePacket("refuse", Buffer.from([0x22, 0, 0, refusal(number).length])));
    stream.write(makePacket("data", Buffer.from(`\0\0${refusal(number)}`, "latin1")));
  };

/** Asks for the connect packet again. */
export const resend: Answer = (stream) => {
  stream.write(makePacket("resend", Buffer.alloc(0)));
};

/** Sends the client to another listener. */
export const redirectTo =
  (port: number): Answer =>
  (stream) => {
    const where = `(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT=${port}))`;
    const descriptor = `(DESCRIPTION=${where}(CONNECT_DATA=(SERVICE_NAME=redirected)))`;
    stream.write(makePacket("redirect", withLength(`${where}\0${descriptor}`), 0x02));
  };

/** Lets the client in, as a listener that hands over to a server process. */
export const accept = (stream: Duplex): void => acceptAs(stream, NEW_VERSION);
/** Lets the client in as a server does that is too old for the driver. */
export const acceptOld = (stream: Duplex): void => acceptAs(stream, OLD_VERSION);

function acceptAs(stream: Duplex, version: number): void {
  const content = Buffer.alloc(37);
  content.writeUInt16BE(version, 0);
  content.writeUInt16BE(UNIT_BYTES, 4);
  content.writeUInt16BE(UNIT_BYTES, 6);
  content[14] = NO_NETWORK_SERVICES;
  content[15] = NO_NETWORK_SERVICES;
  content.writeUInt32BE(UNIT_BYTES, 24);
  content.writeUInt32BE(UNIT_BYTES, 28);
  stream.write(makePacket("accept", content));
}

/** Makes a packet as they are after an acceptance, with a length of four bytes. */
export function makeLargePacket(type: keyof typeof TYPES | number, content: Uint8Array): Buffer {
  const packet = makePacket(type, content);
  packet.writeUInt32BE(packet.length, 0);
  return packet;
}
