import type * as Http from "node:http";
import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { createAddressSchema, readAddress } from "../address.ts";
import { judgeFailure, judgeUp } from "../judge-failure.ts";
import { once } from "../once.ts";

const PORT = 80;
/** Most request headers of one monitor. */
const HEADERS_MAX = 50;
/** Bytes of an answer's body that are read before the connection is given up. */
const BODY_MAX_BYTES = 256 * 1024;

const HeaderName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, "a header name has no spaces or colons");
const HeaderValue = z
  .string()
  .max(1000)
  .regex(/^[^\r\n]*$/, "a header value is one line");
const Headers = z
  .record(HeaderName, HeaderValue)
  .refine((headers) => Object.keys(headers).length <= HEADERS_MAX, `at most ${HEADERS_MAX} headers`);

const Common = z.strictObject({
  method: z.enum(["GET", "POST", "DELETE", "PUT", "PATCH"]).default("GET").meta({ title: "Method" }),
  path: z
    .string()
    .max(1000)
    .regex(/^\/[^\s#]*$/, "a path begins with / and has no spaces")
    .default("/")
    .meta({ title: "Path" }),
  expectedStatus: z.number().int().min(100).max(599).default(200).meta({ title: "Expected status code" }),
  headers: Headers.default({}).meta({ title: "Request headers" }),
});
const Target = z.strictObject({
  protocol: z.enum(["http", "https"]).default("http").meta({ title: "Protocol" }),
  address: createAddressSchema(PORT),
});
const Secret = z.strictObject({
  secretHeaders: Headers.optional().meta({ title: "Secret request headers", secret: true }),
});
const Settings = z.object({ ...Common.shape, ...Target.shape, ...Secret.shape });

const Sample = z.object({ status: z.number() });

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = Settings.parse(raw);
  let agent: Http.Agent | null = null;
  let request: Http.ClientRequest | null = null;
  let destroyed = false;
  const closed = once(() => {
    if (!destroyed) context.onClosed();
  });

  async function loadHttp(): Promise<typeof Http> {
    const http = await context.load<typeof Http>(`node:${settings.protocol}`);
    agent ??= new http.Agent({ keepAlive: true, maxSockets: 1 });
    return http;
  }

  function ask(http: typeof Http): Promise<unknown> {
    const { host, port } = readAddress(settings.address);
    return new Promise((resolve, reject) => {
      const headers = { ...settings.headers, ...settings.secretHeaders };
      const options = { host, port, path: settings.path, method: settings.method, headers };
      const sent = http.request({ ...options, ...(agent === null ? {} : { agent }) }, (answer) => {
        let bytes = 0;
        answer.on("data", (chunk: Uint8Array) => {
          bytes += chunk.length;
          if (bytes > BODY_MAX_BYTES) answer.destroy();
        });
        answer.on("error", reject);
        // The status is what is asked for; a body that is too long to drain costs the kept connection, not the verdict.
        answer.on("close", () => resolve({ status: answer.statusCode }));
      });
      request = sent;
      sent.on("socket", (socket) => {
        if (socket.listenerCount("close", closed) === 0) socket.on("close", closed);
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  return {
    probe: async () => ask(await loadHttp()),
    destroy() {
      destroyed = true;
      request?.destroy();
      agent?.destroy();
    },
  };
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  if (outcome.type !== "answered") {
    return judgeFailure(outcome, { address: String(raw.address), meanings: {}, isEngineCode: () => false });
  }
  const expected = Common.shape.expectedStatus.parse(raw.expectedStatus);
  const status = Sample.safeParse(outcome.sample).data?.status;
  if (status === expected) return judgeUp(outcome.latencyMs, `status ${status}`);
  return {
    verdict: "down",
    reason: "wrong-status",
    code: String(status ?? "none"),
    words: `status ${status ?? "none"} instead of ${expected} from ${String(raw.address)}`,
  };
}

/** An HTTP API: detected and reported, never switched. */
export const api: MonitorPlugin = {
  kind: "api",
  title: { en: "API", "zh-CN": "API" },
  defaultPort: PORT,
  switchable: false,
  hasRoute: false,
  defaults: {
    retryIntervalMs: 5000,
    monitorTimeoutMs: 10_000,
    accessTimeoutMs: 3000,
    healthPrecision: 1,
    healthyThreshold: 1,
    unhealthyThreshold: 3,
    fastRefuse: false,
  },
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
  judge,
};
