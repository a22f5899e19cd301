import { z } from "zod";
import { findPemProblem, type PemKind } from "./pem.ts";
import { createSettings, describeSecret, describeSetting } from "./settings.ts";

/** Certificates or a key in PEM, in characters. */
const PEM_MAX = 20_000;
/** A host name has at most 253 characters. */
const NAME_MAX = 253;

/** How many characters, and what they have to be. */
function createPem(kind: PemKind) {
  return z
    .string("must be a text")
    .trim()
    .max(PEM_MAX, `must have at most ${PEM_MAX} characters`)
    .superRefine((text, issue) => {
      const problem = findPemProblem(text, kind);
      if (problem !== null) issue.addIssue({ code: "custom", message: problem });
    });
}

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
  caPem: createPem("certificates")
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
  clientCertPem: createPem("certificates")
    .optional()
    .meta(
      describeSetting(
        ["Client certificate", "客户端证书"],
        [
          "PEM of the agents' own certificate, with those between it and its authority after it, where the server asks for one; its key is sealed.",
          "服务器要求时代理所用的客户端证书（PEM），其后可附中间证书；私钥加密保存。",
        ],
      ),
    ),
  serverName: z
    .string("must be a name")
    .trim()
    .max(NAME_MAX, `must have at most ${NAME_MAX} characters`)
    .regex(
      /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/,
      "must be a host name or an IP address, without port and brackets",
    )
    .optional()
    .meta(
      describeSetting(
        ["Server's name", "服务器名称"],
        [
          "The name that the server's certificate lists, and that is sent to the server (SNI), where it is not the address; several servers share it; empty: the address.",
          "服务器证书中的名称，同时作为 SNI 发送，多个地址共用；留空则使用地址。",
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

/** What is sealed of TLS: to be spread into the secrets of each kind. */
export const TLS_SECRET = {
  clientKeyPem: createPem("private key")
    .optional()
    .meta(
      describeSecret(
        ["Client's private key", "客户端私钥"],
        [
          "PEM of the key of the client certificate, without a passphrase.",
          "客户端证书的私钥（PEM），不带口令。",
        ],
      ),
    ),
};

/**
 * How connections are encrypted, as sessions read it: to be spread into the merged settings of each kind. What was
 * validated when it was stored is not validated again, so that rules may become stricter.
 */
export const TLS_MERGED = {
  tls: z
    .object({
      mode: z.string().default("off"),
      caPem: z.string().optional(),
      clientCertPem: z.string().optional(),
      serverName: z.string().optional(),
    })
    .optional(),
  clientKeyPem: z.string().optional(),
};
const Merged = z.object(TLS_MERGED);

/** What stands in the merged settings of any kind. */
export type TlsSettings = Partial<z.infer<typeof Merged>>;
