import { z } from "zod";

/** A certificate that a server showed. */
export interface ShownCertificate {
  /** The server, `host:port`. */
  readonly address: string;
  /** Whom it was issued for, in one line. */
  readonly subject: string;
  /** End of its validity in ms since 1970. */
  readonly untilMs: number;
}

/** Certificates that a test tells at most: of sixteen addresses, as many replicas, and the client's own. */
export const CERTIFICATES_MAX = 33;

/** A certificate that a test met. */
export const SeenCertificate = z.object({
  /** Who shows it: a server, or the agents themselves. */
  of: z.enum(["server", "client"]),
  /** The server's, `host:port`; absent for the client's, which is the same for all. */
  address: z.string().max(270).optional(),
  /** Whom it was issued for. */
  subject: z.string().max(200),
  /** End of its validity in ms since 1970. */
  untilMs: z.number().int(),
  /** By the clock of whoever tested: whether it has ended, is to be renewed soon, or only later. */
  end: z.enum(["ended", "soon", "later"]),
});
export type SeenCertificate = z.infer<typeof SeenCertificate>;
