/**
 * Encodes text as the gateway wants `bytes` fields: base64 of UTF-8.
 *
 * @param text any text
 * @returns base64
 */
export function toWire(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/**
 * Decodes a `bytes` field of the gateway.
 *
 * @param encoded base64
 * @returns the text
 */
export function fromWire(encoded: string): string {
  return Buffer.from(encoded, "base64").toString("utf8");
}

/**
 * The end of the range of all keys that begin with a prefix: the prefix with its last byte that is not 0xff
 * incremented, as etcd's API guide defines it ("prefix" ranges).
 *
 * @param prefix the prefix
 * @returns `range_end` in base64
 */
export function prefixEnd(prefix: string): string {
  const bytes = Buffer.from(prefix, "utf8");
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    const byte = bytes[at] ?? 0xff;
    if (byte < 0xff) {
      const end = Buffer.from(bytes.subarray(0, at + 1));
      end[at] = byte + 1;
      return end.toString("base64");
    }
  }
  // The range end "\0" means "to the end of all keys".
  return Buffer.from([0]).toString("base64");
}
