const DAY_MS = 86_400_000;
/** A certificate that ends sooner is worth a look, in days: what renews by itself does so 30 days before. */
const RENEW_DAYS = 21;

/** When a certificate ends. */
export interface CertificateEnd {
  /** Whether it has ended, is to be renewed soon, or only later. */
  readonly end: "ended" | "soon" | "later";
  /** Whole days until then; negative: since. */
  readonly days: number;
  /** The day in UTC, `2026-11-21`. */
  readonly day: string;
}

/**
 * Judges how near the end of a certificate is.
 *
 * @param untilMs end of its validity in ms since 1970
 * @param nowMs this machine's clock in ms since 1970
 */
export function judgeEnd(untilMs: number, nowMs: number): CertificateEnd {
  const days = Math.floor((untilMs - nowMs) / DAY_MS);
  const end = days < 0 ? "ended" : days < RENEW_DAYS ? "soon" : "later";
  return { end, days, day: new Date(untilMs).toISOString().slice(0, 10) };
}
