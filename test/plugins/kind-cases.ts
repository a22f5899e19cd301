import type { ProbeReason } from "@evenkeel/contracts/observation";
import type { FaultName, Script } from "./fault-servers.ts";

/** What the tests need to know of a kind beside its plugin. */
export interface KindCase {
  /** Settings of a target at an address, secrets among them. */
  settings(address: string): Record<string, unknown>;
  readonly script: Script;
  /** What a fault has to be told as. All are `down`. */
  readonly reasons: Readonly<Record<FaultName, readonly ProbeReason[]>>;
}

const bytes = (text: string) => Buffer.from(text, "latin1");

/** MySQL's first packet (protocol version 10), with a scramble of 20 bytes and mysql_native_password. */
function makeMysqlGreeting(): Uint8Array {
  const payload = Buffer.concat([
    bytes("\x0a8.0.36\0"),
    bytes("\x01\0\0\0abcdefgh\0"),
    bytes("\xff\xf7\x2d\x02\0\xff\x81\x15"),
    Buffer.alloc(10),
    bytes("abcdefghijkl\0mysql_native_password\0"),
  ]);
  return Buffer.concat([Buffer.from([payload.length, 0, 0, 0]), payload]);
}

/** Where the connection never came up or was cut, every kind says the same. */
const SAME = {
  refused: ["refused"],
  blackhole: ["timed-out"],
  mute: ["timed-out"],
  "accept-and-close": ["closed"],
  "close-in-handshake": ["closed"],
  "reset-mid-answer": ["reset"],
  "slow-drip": ["timed-out"],
} as const;

const sql = (address: string) => ({
  user: "evenkeel_probe",
  monitoredDatabase: "shop",
  connectedDatabases: ["shop"],
  address,
  password: "not-shown",
});

/** One case per kind; the conformance tests fail for a kind without one. */
export const KIND_CASES: Readonly<Record<string, KindCase>> = {
  postgresql: {
    settings: sql,
    // A notice of a megabyte that begins.
    script: { greeting: bytes(""), partOfAnswer: bytes("N\0\x10\0\0SNOTICE"), filler: 0x61 },
    // The driver waits for the rest of a message whose length is garbage.
    reasons: { ...SAME, garbage: ["timed-out", "bad-answer"] },
  },
  mysql: {
    settings: sql,
    // A greeting of sixty thousand bytes that begins.
    script: { greeting: makeMysqlGreeting(), partOfAnswer: bytes("\x60\xea\0\0\x0a8.0"), filler: 0x61 },
    reasons: { ...SAME, garbage: ["timed-out", "bad-answer"] },
  },
  oracle: {
    settings: (address) => ({ ...sql(address), connectBy: "service" }),
    // A packet of thirty thousand bytes that begins: its length, a checksum, ACCEPT.
    script: { greeting: bytes(""), partOfAnswer: bytes("\x75\x30\0\0\x02\0\0\0"), filler: 0x61 },
    // The driver waits for the rest of a packet whose length is garbage.
    reasons: { ...SAME, garbage: ["timed-out", "bad-answer"] },
  },
  mongodb: {
    settings: (address) => {
      const { address: only, ...settings } = sql(address);
      return { ...settings, addresses: [only] };
    },
    // A message of sixty thousand bytes that begins: its length, its numbers, OP_MSG.
    script: {
      greeting: bytes(""),
      partOfAnswer: bytes("\x60\xea\0\0\x01\0\0\0\x01\0\0\0\xdd\x07\0\0"),
      filler: 0x61,
    },
    reasons: { ...SAME, garbage: ["bad-answer"] },
  },
  redis: {
    settings: (address) => ({
      algorithm: "single-read-write",
      mode: "normal",
      address,
      password: "not-shown",
    }),
    script: { greeting: bytes(""), partOfAnswer: bytes("$60000\r\nab"), filler: 0x61 },
    reasons: { ...SAME, garbage: ["bad-answer"] },
  },
  elasticsearch: {
    settings: (address) => ({ addresses: [address], user: "evenkeel_probe", password: "not-shown" }),
    script: {
      greeting: bytes(""),
      partOfAnswer: bytes('HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n{"status":"gre'),
      filler: 0x61,
    },
    reasons: { ...SAME, garbage: ["bad-answer"] },
  },
  api: {
    settings: (address) => ({ method: "GET", path: "/", expectedStatus: 200, protocol: "http", address }),
    script: {
      greeting: bytes(""),
      partOfAnswer: bytes("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\nab"),
      filler: 0x61,
    },
    reasons: { ...SAME, garbage: ["bad-answer"] },
  },
};
