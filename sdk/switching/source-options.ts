import type { Decipher } from "../config/decipher-config.ts";
import type { FollowOptions } from "../route/shared-followers.ts";

/** Options that all drivers share. */
export interface SourceOptions extends FollowOptions {
  /** Milliseconds for which used connections may finish after a planned switch. Default 5000. */
  readonly drainMs?: number;
  /** Milliseconds that an attempt to connect may take. Default 3000. */
  readonly connectTimeoutMs?: number;
  /** Values for `${NAME}` in the configuration; the environment if left out. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** Deciphers every password of the configuration, those that variables hold too. */
  readonly decipher?: Decipher;
}
