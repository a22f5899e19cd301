import { request } from "undici";
import { z } from "zod";
import type { AgentIdentity } from "../identity.ts";
import { bad, doubtful, type Finding, good } from "./finding.ts";
import { inspectEndpoint } from "./inspect-endpoint.ts";

/** How long the control plane may take to answer, in milliseconds. */
const ANSWER_MS = 10_000;
/** Clocks further apart than this are worth a look, in milliseconds: the answer's date counts whole seconds. */
const CLOCK_MS = 5_000;
const SUBJECT = "control plane";
const Problem = z.object({ code: z.string() });

/** What the control plane answered. */
interface Answer {
  readonly status: number;
  readonly code: string | null;
  /** The answer's date in ms since 1970; NaN: it has none. */
  readonly dateMs: number;
  /** Middle of the exchange by this machine's clock. */
  readonly askedAtMs: number;
  readonly tookMs: number;
}

/**
 * Checks the way to the control plane, whether it knows this agent's token, and how far the clocks are apart. The agent
 * that may be running with the same identity is not disturbed: the token is shown without opening a second socket.
 *
 * @param identity who this agent is
 */
export async function checkControlPlane(identity: AgentIdentity): Promise<Finding[]> {
  const url = new URL(identity.url);
  const tls = url.protocol === "https:";
  const way = await inspectEndpoint(`${SUBJECT} at ${url.host}`, {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (tls ? 443 : 80)),
    tls,
  });
  if (way?.state === "bad") return [way];
  const answer = await ask(identity).catch((error: unknown) =>
    error instanceof Error ? error : new Error("unknown"),
  );
  const ways = way === null ? [] : [way];
  if (answer instanceof Error) {
    return [
      ...ways,
      bad(SUBJECT, `no answer to a request (${answer.message})`, "look at the control plane's log"),
    ];
  }
  return [...ways, judgeToken(identity, answer), judgeClock(answer)];
}

async function ask(identity: AgentIdentity): Promise<Answer> {
  const begunAtMs = Date.now();
  const answer = await request(new URL("/api/v1/agents/connect", identity.url), {
    headers: { authorization: `Bearer ${identity.agentToken}` },
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
  });
  const endedAtMs = Date.now();
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    code: readCode(text),
    dateMs: Date.parse(String(answer.headers.date ?? "")),
    askedAtMs: (begunAtMs + endedAtMs) / 2,
    tookMs: endedAtMs - begunAtMs,
  };
}

function readCode(text: string): string | null {
  try {
    return Problem.safeParse(JSON.parse(text)).data?.code ?? null;
  } catch {
    // What is not JSON is not a control plane's answer: it has no code.
    return null;
  }
}

function judgeToken(identity: AgentIdentity, { status, code, tookMs }: Answer): Finding {
  switch (code) {
    // The token is looked at before the missing upgrade to a WebSocket.
    case "protocol-mismatch":
      return good(
        SUBJECT,
        `knows this agent as ${identity.name} (${identity.agentId}), answered in ${tookMs} ms`,
      );
    case "unauthenticated":
      return bad(SUBJECT, "does not know this agent's token", "the agent was removed: enrol it again");
    default:
      return bad(
        SUBJECT,
        `answered with status ${status}${code === null ? "" : ` (${code})`}`,
        "check that the URL is a control plane's, and look at its log",
      );
  }
}

function judgeClock({ dateMs, askedAtMs }: Answer): Finding {
  const apartMs = dateMs - askedAtMs;
  const apartS = Math.abs(apartMs / 1000).toFixed(0);
  if (Number.isNaN(apartMs)) return good("clock", "the control plane tells no time to compare with");
  if (Math.abs(apartMs) <= CLOCK_MS) return good("clock", "agrees with the control plane's");
  return doubtful(
    "clock",
    `${apartS} s ${apartMs > 0 ? "behind" : "ahead of"} the control plane's`,
    "run a time service (chrony): decisions do not hang on clocks, certificates and logs do",
  );
}
