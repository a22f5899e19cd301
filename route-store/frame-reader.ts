/** A longer line than this is no watch frame of ours: etcd refuses requests above 1.5 MiB, base64 and keys included. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** What a chunk completed. */
export type FrameReading =
  | { readonly ok: true; readonly frames: readonly string[] }
  | { readonly ok: false; readonly message: string };

/**
 * Cuts a byte stream into lines: the gateway sends one JSON object per line, cut anywhere by the network.
 *
 * @returns a function that takes a chunk and returns the lines that it completed, or says that a line is too long
 */
export function createFrameReader(maxFrameBytes = MAX_FRAME_BYTES): (chunk: Buffer) => FrameReading {
  const LINE_END = 0x0a;
  let held: Buffer[] = [];
  let heldBytes = 0;
  return (chunk) => {
    const frames: string[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LINE_END); at !== -1; at = chunk.indexOf(LINE_END, from)) {
      // Joined as bytes, not as text: the network may cut inside a UTF-8 character.
      const line = Buffer.concat([...held, chunk.subarray(from, at)]).toString("utf8");
      held = [];
      heldBytes = 0;
      from = at + 1;
      if (line.trim() !== "") frames.push(line);
    }
    if (from < chunk.length) {
      held.push(chunk.subarray(from));
      heldBytes += chunk.length - from;
    }
    if (heldBytes > maxFrameBytes) {
      return { ok: false, message: `a frame is longer than ${maxFrameBytes} bytes` };
    }
    return { ok: true, frames };
  };
}
