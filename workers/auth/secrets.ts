/** What an opaque secret is for, with the prefix of its row's id. */
const PREFIXES = { session: "ses", token: "tok", agent: "agt", enrol: "enr", link: "lnk" } as const;
/** Kind of an opaque secret. */
export type SecretKind = keyof typeof PREFIXES;

const ID_LENGTH = 14;
const SECRET_BYTES = 32;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const SHAPE = /^evk_([a-z]+)_([a-z0-9]{6,40})\.([A-Za-z0-9_-]{43})$/;

/** A new secret: `token` is shown once, `hash` is stored. */
export interface MintedSecret {
  readonly id: string;
  readonly token: string;
  readonly hash: string;
}

/** A secret as it was presented; whether it is valid only its stored hash can tell. */
export interface PresentedSecret {
  readonly kind: SecretKind;
  readonly id: string;
  readonly hash: string;
}

/**
 * Makes an id with a prefix: 70 random bits in lower-case letters and digits.
 *
 * @param prefix two to four lower-case letters
 * @returns such as `mon_7k2p9x4q1bzz6a`
 */
export function mintId(prefix: string): string {
  const random = crypto.getRandomValues(new Uint8Array(ID_LENGTH));
  return `${prefix}_${Array.from(random, (byte) => ALPHABET[byte % ALPHABET.length]).join("")}`;
}

/**
 * Makes an opaque secret of 32 random bytes.
 *
 * @param kind what it is for
 * @param id its id, if that is not to be random
 * @returns its id, the token to hand out and the hash to keep
 */
export async function mintSecret(kind: SecretKind, id = mintId(PREFIXES[kind])): Promise<MintedSecret> {
  const secret = encode(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
  const token = `evk_${kind}_${bare(id)}.${secret}`;
  return { id, token, hash: await hashSecret(token) };
}

/**
 * Makes the id of an agent. It begins with the id of its instance, so that the Worker finds the Instance of an agent
 * that connects even while the catalogue is dead.
 *
 * @param instanceId id of the instance
 * @returns the agent's id
 */
export function mintAgentId(instanceId: string): string {
  return `${PREFIXES.agent}_${bare(instanceId)}${bare(mintId(PREFIXES.agent))}`;
}

/**
 * Finds the instance of an agent by the agent's id.
 *
 * @param agentId what `mintAgentId` made
 * @returns id of the instance
 */
export function findInstanceOf(agentId: string): string {
  return `ins_${bare(agentId).slice(0, ID_LENGTH)}`;
}

/**
 * Reads a presented secret.
 *
 * @param token what the caller sent
 * @returns its kind, id and hash; null if it does not have the form of one of ours
 */
export async function readSecret(token: string): Promise<PresentedSecret | null> {
  const [, kind, id] = SHAPE.exec(token) ?? [];
  if (kind === undefined || id === undefined || !isKind(kind)) return null;
  return { kind, id: `${PREFIXES[kind]}_${id}`, hash: await hashSecret(token) };
}

/**
 * Hashes a secret for keeping. SHA-256 suffices: the secret has 256 random bits, so there is nothing to guess.
 *
 * @param token the secret
 * @returns base64url without padding
 */
export async function hashSecret(token: string): Promise<string> {
  return encode(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))));
}

/**
 * Compares two texts in a time that depends on neither: both are hashed first, so every byte of the hashes is looked at.
 *
 * @param left one text
 * @param right the other
 * @returns true if they are equal
 */
export async function isSameSecret(left: string, right: string): Promise<boolean> {
  const [a, b] = await Promise.all([hashSecret(left), hashSecret(right)]);
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
}

function bare(id: string): string {
  return id.slice(id.indexOf("_") + 1);
}

function isKind(kind: string): kind is SecretKind {
  return Object.hasOwn(PREFIXES, kind);
}

function encode(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
