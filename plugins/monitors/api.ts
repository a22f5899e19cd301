import type { EdgeRequest } from "@evenkeel/contracts/edge-sight";
import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { readAddress } from "../address.ts";
import { API_PORT, ApiCommon, ApiSecret, ApiSettings, ApiTarget } from "../api-settings.ts";
import { API_TIMING } from "../default-timing.ts";
import { judgeFailure, judgeUp } from "../judge-failure.ts";
import { keepHttp } from "../keep-http.ts";
import type { TlsSettings } from "../tls.ts";

const Sample = z.object({ status: z.number() });

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = ApiSettings.parse(raw);
  const { host, port } = readAddress(settings.address);
  const { path, method } = settings;
  const headers = { "user-agent": "evenkeel-agent", ...settings.headers, ...settings.secretHeaders };
  const target = { host, port, name: readHostHeader(headers) ?? host, tls: chooseTls(settings) };
  return keepHttp(context, target, async (send) => ({
    status: (await send({ path, method, headers })).status,
  }));
}

/** Who asks for another host than the address gets that one's certificate. */
function readHostHeader(headers: Readonly<Record<string, string>>): string | undefined {
  const header = Object.keys(headers).find((name) => name.toLowerCase() === "host");
  return header === undefined ? undefined : headers[header]?.replace(/:\d+$/, "");
}

/** The protocol says whether there is TLS; certificates are checked unless that was switched off. */
function chooseTls({ protocol, tls, clientKeyPem }: z.infer<typeof ApiSettings>): TlsSettings {
  if (protocol === "http") return {};
  return { clientKeyPem, tls: { ...tls, mode: tls?.mode === "require" ? "require" : "verify" } };
}

function edgeRequest(raw: Record<string, unknown>): EdgeRequest | null {
  const { fromEdge, protocol, address, path, method, headers } = ApiSettings.parse(raw);
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
const SERVER_ERRORS_FROM = 500;
/** The credentials are refused. Asking on with them may lock an account, so that this is a setting to mend [SAFE-5]. */
const REFUSED_LOGIN: ReadonlySet<number> = new Set([401, 407]);

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  const address = String(raw.address);
  if (outcome.type !== "answered") {
    return judgeFailure(outcome, { address, meanings: {}, isEngineCode: () => false });
  }
  const expected = ApiSettings.shape.expectedStatus.safeParse(raw.expectedStatus).data ?? 200;
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
  const advice = ADVICE[status] ?? (status >= SERVER_ERRORS_FROM ? "see the API's own log" : undefined);
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
  defaultPort: API_PORT,
  switchable: false,
  hasRoute: false,
  drivers: ["undici"],
  defaults: API_TIMING,
  common: ApiCommon,
  target: ApiTarget,
  secret: ApiSecret,
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
