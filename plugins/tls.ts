import { z } from "zod";
import { createSettings, describeSetting } from "./settings.ts";

/** A chain of certificate authorities in PEM, in characters. */
const PEM_MAX = 20_000;

/** How a connection is encrypted: the settings within {@link Tls}, for kinds whose modes differ. */
export const TlsObject = createSettings({
  mode: z
    .enum(["off", "require", "verify"], "must be off, require or verify")
    .default("off")
    .meta(
      describeSetting(
        ["Mode", "模式"],
        [
          "off: plain; require: encrypted, whatever the certificate; verify: the certificate and its name are checked.",
          "off：不加密；require：加密但不校验证书；verify：校验证书及其名称。",
        ],
      ),
    ),
  caPem: z
    .string()
    .max(PEM_MAX, `must have at most ${PEM_MAX} characters`)
    .regex(
      /^\s*-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/,
      "must be certificates in PEM",
    )
    .optional()
    .meta(
      describeSetting(
        ["Certificate authority", "CA 证书"],
        [
          "PEM of the authority that signed the server's certificate; empty: those that Node trusts.",
          "签发服务器证书的 CA（PEM）；留空则使用 Node 信任的 CA。",
        ],
      ),
    ),
});

/** The field of a target's settings. */
export const Tls = TlsObject.optional().meta(
  describeSetting(
    ["TLS", "TLS"],
    ["Encryption of the connection; left out: off.", "连接加密；不填则不加密。"],
  ),
);

/** How a connection is encrypted, as a session reads it; see {@link Tls}. */
export const TlsSettings = TlsObject.optional();

/** What Node and the drivers want to know. */
export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
}

/**
 * Turns the settings into what drivers take.
 *
 * @param tls the settings; undefined: off
 * @returns the options; null if the connection is plain
 */
export function createTlsOptions(tls: z.infer<typeof TlsSettings>): TlsOptions | null {
  if (tls === undefined || tls.mode === "off") return null;
  return {
    rejectUnauthorized: tls.mode === "verify",
    ...(tls.caPem === undefined ? {} : { ca: tls.caPem }),
  };
}
