import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  AGENT_ROUTES_PATH,
  QUESTION_MAX_BYTES,
  RoutesQuestion,
  type ToldRoutes,
} from "@evenkeel/contracts/told-routes";
import { sealAnswer } from "@evenkeel/route-store/seal-answer";
import type { Clock } from "../clock.ts";
import { readOwnKey } from "../peers/proof.ts";

/** Connections at a time: every process of a few applications, which ask once and leave. */
const CONNECTIONS_MAX = 500;
/** Questions that are answered within one second; each costs a key agreement, about a tenth of a millisecond. */
const QUESTIONS_PER_SECOND = 500;
/** How long a question may take to arrive, in milliseconds. */
const ARRIVAL_MS = 5000;

/** Whose routes can be asked for here. */
export interface ApplicationPorts {
  readonly instanceId: string;
  /** The agent's own key (JWK): its public half is what applications know it by. */
  readonly privateKey: Record<string, unknown>;
  readonly clock: Pick<Clock, "now">;
  /** @returns null: the latest routes are not known here */
  readonly tell: (applicationId: string) => ToldRoutes | null;
}

/** A listener for applications. */
export interface ApplicationListener {
  /** The port that it listens on; the one asked for unless that was 0. */
  readonly port: number;
  close(): void;
}

/**
 * Tells applications their routes while their store cannot (contracts/told-routes.ts). It answers a question that is
 * well-formed with the sealed routes; `503` says that this agent does not know them now, so that another one is asked.
 *
 * @param address where to listen
 * @param ports whose routes, and who knows them
 * @param say told about a connection that could not be accepted
 * @returns the listener, once it listens
 * @throws Error if the address cannot be had
 */
export function listenForApplications(
  address: { readonly host: string; readonly port: number },
  ports: ApplicationPorts,
  say: (line: string) => void,
): Promise<ApplicationListener> {
  const answer = createAnswer(ports);
  const mayAnswer = createBudget(ports.clock);
  const server = createServer(
    { requestTimeout: ARRIVAL_MS, headersTimeout: ARRIVAL_MS, keepAlive: false },
    (request, response) => void serve(request, response, mayAnswer, answer),
  );
  server.maxConnections = CONNECTIONS_MAX;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, () => {
      server.off("error", reject);
      server.on("error", (error) =>
        say(`a connection to the port for applications could not be accepted: ${error.message}`),
      );
      const bound = server.address();
      resolve({
        port: typeof bound === "object" && bound !== null ? bound.port : address.port,
        close() {
          server.close();
          server.closeAllConnections();
        },
      });
    });
  });
}

/** What is answered to a question: a status, and with 200 the sealed routes. */
type Answer = (text: string) => { readonly status: 200 | 400 | 404 | 503; readonly sealed?: Buffer };

function createAnswer({ instanceId, privateKey, tell }: ApplicationPorts): Answer {
  const own = readOwnKey(privateKey);
  return (text) => {
    const question = readQuestion(text);
    if (question === null) return { status: 400 };
    if (question.instanceId !== instanceId) return { status: 404 };
    const told = tell(question.applicationId);
    if (told === null) return { status: 503 };
    const sealed = sealAnswer(own, question, JSON.stringify(told));
    return sealed === null ? { status: 400 } : { status: 200, sealed };
  };
}

/** Says of each question whether it may be answered within this second. */
function createBudget(clock: Pick<Clock, "now">): () => boolean {
  let second = 0;
  let used = 0;
  return () => {
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) used = 0;
    second = now;
    used += 1;
    return used <= QUESTIONS_PER_SECOND;
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  mayAnswer: () => boolean,
  answer: Answer,
): Promise<void> {
  const end = (status: number, body?: Buffer): void => {
    response.writeHead(status, { connection: "close", "content-type": "application/octet-stream" });
    response.end(body);
  };
  // Whoever leaves in the middle is owed nothing.
  response.on("error", () => response.destroy());
  if (request.method !== "POST" || request.url !== AGENT_ROUTES_PATH) return end(404);
  if (!mayAnswer()) return end(503);
  const text = await readText(request);
  if (text === null) return end(400);
  const { status, sealed } = answer(text);
  end(status, sealed);
}

async function readText(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of request) {
      bytes += part.length;
      if (bytes > QUESTION_MAX_BYTES) return null;
      parts.push(part);
    }
  } catch {
    // It was cut off.
    return null;
  }
  return Buffer.concat(parts).toString("utf8");
}

function readQuestion(text: string): RoutesQuestion | null {
  try {
    return RoutesQuestion.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Text that is not JSON is no question either.
    return null;
  }
}
