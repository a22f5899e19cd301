import { z } from "zod";
import { createSettings, describeSetting } from "./settings.ts";
import { Tls, TlsObject } from "./tls.ts";

const { caPem, clientCertPem } = TlsObject.shape;

/**
 * How a connection is encrypted, as far as the driver lets one choose: it always checks who signed, it compares the
 * certificate with the address only, and it trusts nobody else beside a client certificate; see decision record 13.
 */
const OracleTlsObject = createSettings({
  caPem,
  clientCertPem,
  mode: z
    .enum(["off", "verify-ca", "verify"], "must be off, verify-ca or verify")
    .default("off")
    .meta(
      describeSetting(
        ["Mode", "模式"],
        [
          "off: plain (TCP); verify-ca: encrypted (TCPS), who signed the certificate is checked; verify: its name too.",
          "off：不加密（TCP）；verify-ca：加密（TCPS）并校验证书签发者；verify：同时校验证书名称。",
        ],
      ),
    ),
}).refine((tls) => tls.clientCertPem === undefined || tls.caPem !== undefined, {
  path: ["caPem"],
  error: "is needed beside a client certificate: the driver then trusts no other authority",
});

/** The field of a target's settings. */
export const OracleTls = OracleTlsObject.optional().meta(z.globalRegistry.get(Tls) ?? {});
