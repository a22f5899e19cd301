import { z } from "zod";
import { createAddressSchema } from "./address.ts";
import { createSettings, describeSecret, describeSetting } from "./settings.ts";
import { TLS_MERGED, TLS_SECRET, TlsObject } from "./tls.ts";

/** Where HTTP is served by default. */
export const API_PORT = 80;
/** Most request headers of one monitor. */
const HEADERS_MAX = 50;
const HEADER_VALUE_MAX = 1000;
const PATH_MAX = 1000;
/** What belongs to the connection and not to whoever configures a monitor. */
const CONNECTION_HEADERS =
  /^(connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

const HeaderName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, "must be a header's name, without spaces and colon")
  .refine((name) => !CONNECTION_HEADERS.test(name), "is set by the agent itself: remove it");
const HeaderValue = z
  .string("must be a text")
  .max(HEADER_VALUE_MAX, `must have at most ${HEADER_VALUE_MAX} characters`)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "must be one line of Latin characters");
const Headers = z
  .record(HeaderName, HeaderValue)
  .refine((headers) => Object.keys(headers).length <= HEADERS_MAX, `must be at most ${HEADERS_MAX} headers`);

/** Settings that hold in every data centre. */
export const ApiCommon = createSettings({
  method: z
    .enum(["GET", "POST", "DELETE", "PUT", "PATCH"], "must be GET, POST, DELETE, PUT or PATCH")
    .default("GET")
    .meta(describeSetting(["Method", "请求方法"])),
  path: z
    .string("must be a path")
    .max(PATH_MAX, `must have at most ${PATH_MAX} characters`)
    .regex(
      /^\/[\x21\x22\x24-\x7e]*$/,
      "must begin with / and have no spaces or #; encode other characters as %…",
    )
    .default("/")
    .meta(describeSetting(["Path", "路径"])),
  expectedStatus: z
    .number("must be a status code")
    .int()
    .min(200, "must be 200 to 599")
    .max(599, "must be 200 to 599")
    .default(200)
    .meta(
      describeSetting(
        ["Expected status code", "期望状态码"],
        ["Redirects are not followed: expect 302 to accept one.", "不跟随重定向：如需接受请填写 302。"],
      ),
    ),
  headers: Headers.default({}).meta(describeSetting(["Request headers", "请求头"])),
});
/** The protocol says whether there is TLS at all; checking the certificate is what one expects of https. */
const ApiTls = createSettings({
  ...TlsObject.shape,
  mode: z
    .enum(["require", "verify"], "must be require or verify; without TLS the protocol is http")
    .default("verify")
    .meta(
      describeSetting(
        ["Mode", "模式"],
        [
          "With protocol https. require: whatever the certificate; verify: the certificate and its name are checked.",
          "仅用于 https。require：不校验证书；verify：校验证书及其名称。",
        ],
      ),
    ),
})
  .optional()
  .meta(
    describeSetting(
      ["TLS", "TLS"],
      [
        "With protocol https; left out: the certificate and its name are checked.",
        "仅用于 https；不填则校验证书及其名称。",
      ],
    ),
  );
/** Settings of one data centre. */
export const ApiTarget = createSettings({
  protocol: z
    .enum(["http", "https"], "must be http or https")
    .default("http")
    .meta(describeSetting(["Protocol", "协议"])),
  address: createAddressSchema(API_PORT),
  fromEdge: z
    .boolean("must be true or false")
    .default(false)
    .meta(
      describeSetting(
        ["Also from the control plane", "控制面直接探测"],
        [
          "The control plane asks once a minute too, as the public does: without the secret headers, and only what is reachable from there.",
          "控制面也每分钟直接探测一次（视同公网访问）：不带保密请求头，且目标须可从控制面访问。",
        ],
      ),
    ),
  tls: ApiTls,
}).refine(({ fromEdge, tls }) => !fromEdge || tls === undefined || isPublic(tls), {
  path: ["fromEdge"],
  error: "must be false with these options of TLS: the control plane checks certificates as the public does",
});

/** Whether whoever knows nothing of the target can check its certificate. */
function isPublic({ mode, caPem, clientCertPem, serverName }: NonNullable<z.infer<typeof ApiTls>>): boolean {
  return mode === "verify" && [caPem, clientCertPem, serverName].every((option) => option === undefined);
}
/** What is sealed. */
export const ApiSecret = createSettings({
  /** Named apart from `headers`, because all settings of a target are merged. */
  secretHeaders: Headers.optional().meta(
    describeSecret(
      ["Secret request headers", "保密请求头"],
      ["Such as authorization; sealed to the agents.", "例如 authorization；加密后仅代理可读。"],
    ),
  ),
  ...TLS_SECRET,
});
/** All settings of a target, merged, as sessions and judges read them. */
export const ApiSettings = z.object({
  ...ApiCommon.shape,
  ...ApiTarget.shape,
  ...ApiSecret.shape,
  ...TLS_MERGED,
});
