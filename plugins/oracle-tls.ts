import { z } from "zod";
import { createSettings, describeSetting } from "./settings.ts";
import { Tls, TlsObject } from "./tls.ts";

/** How a connection is encrypted, as far as the driver lets one choose: it always checks who signed. */
const OracleTlsObject = createSettings({
  ...TlsObject.shape,
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
});

/** The field of a target's settings. */
export const OracleTls = OracleTlsObject.optional().meta(z.globalRegistry.get(Tls) ?? {});

/** How a connection is encrypted, as a session reads it; see {@link OracleTls}. */
export const OracleTlsSettings = OracleTlsObject.optional();
