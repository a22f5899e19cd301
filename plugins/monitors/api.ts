import type * as Http from "node:http";
import type { EdgeRequest } from "@evenkeel/contracts/edge-sight";
import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { createAddressSchema, readAddress } from "../address.ts";
import { API_TIMING } from "../default-timing.ts";
import { judgeFailure, judgeUp } from "../judge-failure.ts";
import { keepHttp } from "../keep-http.ts";
import { createSettings, describeSecret, describeSetting } from "../settings.ts";

const PORT = 80;
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

const Common = createSettings({
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
const Target = createSettings({
  protocol: z
    .enum(["http", "https"], "must be http or https")
    .default("http")
    .meta(describeSetting(["Protocol", "协议"])),
  address: createAddressSchema(PORT),
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
});
const Secret = createSettings({
  /** Named apart from `headers`, because all settings of a target are merged. */
  secretHeaders: Headers.optional().meta(
    describeSecret(
      ["Secret request headers", "保密请求头"],
      ["Such as authorization; sealed to the agents.", "例如 authorization；加密后仅代理可读。"],
    ),
  ),
});
const Settings = z.object({ ...Common.shape, ...Target.shape, ...Secret.shape });

const Sample = z.object({ status: z.number() });

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = Settings.parse(raw);
  const { host, port } = readAddress(settings.address);
  const request: Http.RequestOptions = {
    host,
    port,
    path: settings.path,
    method: settings.method,
    headers: { "user-agent": "evenkeel-agent", ...settings.headers, ...settings.secretHeaders },
  };
  return keepHttp(context, settings.protocol, async (send) => ({ status: (await send(request)).status }));
}

function edgeRequest(raw: Record<string, unknown>): EdgeRequest | null {
  const { fromEdge, protocol, address, path, method, headers } = Settings.parse(raw);
  if (!fromEdge) return null;
  return {
    url: `${protocol}://${address}${path}`,
    method,
    headers: { "user-agent": "evenkeel-control-plane", ...headers },
  };
}

/** What to check where a status says it. */
const ADVICE: Readonly<Partial<Record<number, string>>> = {
  301: "redirects are not followed: enter where it leads, or expect 301",
  302: "redirects are not followed: enter where it leads, or expect 302",
  307: "redirects are not followed: enter where it leads, or expect 307",
  308: "redirects are not followed: enter where it leads, or expect 308",
  403: "check the secret request headers and whether the agent's address is let in",
  404: "check the path",
  405: "check the method",
};
/** The credentials are refused. Asking on with them may lock an account, so that this is a setting to mend [SAFE-5]. */
const REFUSED_LOGIN: ReadonlySet<number> = new Set([401, 407]);

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  const address = String(raw.address);
  if (outcome.type !== "answered") {
    return judgeFailure(outcome, { address, meanings: {}, isEngineCode: () => false });
  }
  const expected = Settings.shape.expectedStatus.safeParse(raw.expectedStatus).data ?? 200;
  const status = Sample.safeParse(outcome.sample).data?.status;
  if (status === expected) return judgeUp(outcome.latencyMs, `status ${status}`);
  const words = `status ${status ?? "missing"} instead of ${expected} from ${address}`;
  if (status === undefined) return { verdict: "down", reason: "bad-answer", words };
  const code = String(status);
  if (REFUSED_LOGIN.has(status)) {
    return {
      verdict: "config",
      reason: "auth-failed",
      code,
      words,
      advice: "check the secret request headers",
    };
  }
  const advice = ADVICE[status];
  return {
    verdict: "down",
    reason: "wrong-status",
    code,
    words,
    ...(advice === undefined ? {} : { advice }),
  };
}

/** An HTTP API: watched and reported, never switched. */
export const api: MonitorPlugin = {
  kind: "api",
  title: { en: "API", "zh-CN": "API" },
  defaultPort: PORT,
  switchable: false,
  hasRoute: false,
  defaults: API_TIMING,
  common: Common,
  target: Target,
  secret: Secret,
  example: {
    common: { method: "GET", path: "/health", expectedStatus: 200, headers: { accept: "application/json" } },
    target: { protocol: "https", address: "shop.example.com:443" },
    secret: { secretHeaders: { authorization: "Bearer example" } },
  },
  open,
  source: () => null,
  edgeRequest,
  judge,
};
