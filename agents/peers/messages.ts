import { z } from "zod";

/** Longest line that either side reads, in bytes; a peer that sends more is cut off. */
export const LINE_MAX_BYTES = 1024;
/** Milliseconds between two pings to a peer. */
export const PEER_PING_MS = 1000;
/** How long a connection may take to open and prove itself, in milliseconds. */
export const PEER_HANDSHAKE_MS = 2000;

const Nonce = z.string().length(43);
const Mac = z.string().length(43);
const Seq = z.number().int().min(1);

/** What a listener reads, one JSON object a line: hello, then its proof, then pings. */
export const DiallerMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("hello"),
    from: z.string().min(1).max(64),
    to: z.string().min(1).max(64),
    nonce: Nonce,
  }),
  z.object({ type: z.literal("proof"), proof: Mac }),
  z.object({ type: z.literal("ping"), seq: Seq, seal: Mac }),
]);
/** What a listener reads. */
export type DiallerMessage = z.infer<typeof DiallerMessage>;

/** What a dialler reads: the listener's challenge with its own proof, then the answers to pings; or a refusal. */
export const ListenerMessage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("challenge"), nonce: Nonce, proof: Mac }),
  z.object({ type: z.literal("pong"), seq: Seq, seal: Mac }),
  z.object({ type: z.literal("refused") }),
]);
/** What a dialler reads. */
export type ListenerMessage = z.infer<typeof ListenerMessage>;

/**
 * Cuts a stream into lines and reads each.
 *
 * @param schema what a line may be
 * @param take gets each message
 * @param refuse called once a line is too long or unreadable; nothing is read after it
 * @returns takes the next bytes of the stream in
 */
export function createLineReader<Message>(
  schema: z.ZodType<Message>,
  take: (message: Message) => void,
  refuse: () => void,
): (bytes: Buffer) => void {
  let rest = "";
  let refused = false;
  const fail = () => {
    refused = true;
    rest = "";
    refuse();
  };
  return (bytes) => {
    // Messages are ASCII; one byte stays one character, however the stream is cut.
    rest += refused ? "" : bytes.toString("latin1");
    for (let end = rest.indexOf("\n"); end >= 0 && !refused; end = rest.indexOf("\n")) {
      const message = end > LINE_MAX_BYTES ? null : readLine(schema, rest.slice(0, end));
      rest = rest.slice(end + 1);
      if (message === null) return fail();
      take(message);
    }
    if (rest.length > LINE_MAX_BYTES) fail();
  };
}

/** Renders a message as a line. */
export function renderLine(message: DiallerMessage | ListenerMessage): string {
  return `${JSON.stringify(message)}\n`;
}

function readLine<Message>(schema: z.ZodType<Message>, line: string): Message | null {
  try {
    return schema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    // A line that is not JSON ends the connection like one of another shape.
    return null;
  }
}
