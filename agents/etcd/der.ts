/** Tags of the distinguished encoding rules that certificates need (ITU-T X.690 §8, RFC 5280 appendix A). */
const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  identifier: 0x06,
  text: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;
/** Contents from this length on have a length of more than one byte. */
const LONG_FORM = 0x80;
/** Years from which RFC 5280 §4.1.2.5 wants a four-digit year. */
const GENERALIZED_FROM_YEAR = 2050;

type Bytes = Uint8Array;

function encode(tag: number, content: Bytes): Buffer {
  if (content.length < LONG_FORM) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const hex = content.length.toString(16);
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return Buffer.concat([Buffer.from([tag, LONG_FORM | length.length]), length, content]);
}

/** @returns the parts, one after the other, as a SEQUENCE */
export const sequence = (...parts: readonly Bytes[]): Buffer => encode(TAGS.sequence, Buffer.concat(parts));
/** @returns the parts as a SET; the caller sorts them */
export const set = (...parts: readonly Bytes[]): Buffer => encode(TAGS.set, Buffer.concat(parts));
/** @returns a BOOLEAN that is true */
export const isTrue = (): Buffer => encode(TAGS.boolean, Buffer.from([0xff]));
/** @returns an OCTET STRING */
export const octets = (content: Bytes): Buffer => encode(TAGS.octets, content);
/** @returns a UTF8String */
export const text = (content: string): Buffer => encode(TAGS.text, Buffer.from(content, "utf8"));

/** @returns a non-negative INTEGER from its bytes, highest first */
export function integer(bytes: Bytes): Buffer {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
  const shortest = bytes.subarray(from);
  // A set highest bit would make it negative.
  const isHigh = ((shortest[0] ?? 0) & 0x80) !== 0;
  return encode(TAGS.integer, isHigh ? Buffer.concat([Buffer.from([0]), shortest]) : shortest);
}

/** @returns a BIT STRING; `unused` bits at its end do not count */
export function bits(content: Bytes, unused = 0): Buffer {
  return encode(TAGS.bits, Buffer.concat([Buffer.from([unused]), content]));
}

/** @returns an OBJECT IDENTIFIER from its dotted form */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return encode(TAGS.identifier, Buffer.from([first * 40 + second, ...rest.flatMap(encodeArc)]));
}

/** Seven bits to a byte, all but the last with the highest bit set. */
function encodeArc(arc: number): number[] {
  const bytes = [arc & 0x7f];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
    bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

/** @returns a moment as RFC 5280 wants it, in seconds */
export function time(atMs: number): Buffer {
  const digits = new Date(atMs)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:T]/g, "");
  return new Date(atMs).getUTCFullYear() < GENERALIZED_FROM_YEAR
    ? encode(TAGS.utcTime, Buffer.from(digits.slice(2)))
    : encode(TAGS.generalizedTime, Buffer.from(digits));
}

/**
 * A context-specific element.
 *
 * @param number the number in its brackets
 * @param content what it holds
 * @param isConstructed true: it holds whole elements; false: it replaces the tag of a simple one
 * @returns the element
 */
export function tagged(number: number, content: Bytes, isConstructed = true): Buffer {
  return encode((isConstructed ? 0xa0 : 0x80) | number, content);
}
