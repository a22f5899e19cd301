import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request that a fault gateway got. */
export interface Asked {
  readonly path: string;
  readonly body: string;
  readonly token: string | undefined;
}

/** A server in etcd's place that answers as a test wants: for answers that no healthy etcd gives. */
export interface FaultGateway {
  readonly address: string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** Answers one request; what it writes is all that the client sees. */
export type Answerer = (asked: Asked, response: ServerResponse) => void;

/** Starts a fault gateway on a free port. */
export async function startFaultGateway(answer: Answerer): Promise<FaultGateway> {
  const asked: Asked[] = [];
  const server: Server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = {
        path: request.url ?? "",
        body: Buffer.concat(chunks).toString("utf8"),
        token: request.headers.authorization,
      };
      asked.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Sends a JSON answer. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A range answer as etcd gives it. */
export function rangeAnswer(
  revision: number,
  entries: readonly [string, string, number][],
  cluster = "1",
): unknown {
  return {
    header: { cluster_id: cluster, revision: String(revision) },
    kvs: entries.map(([key, value, at]) => ({
      key: base64(key),
      value: base64(value),
      mod_revision: String(at),
    })),
  };
}

/** A line of a watch stream that carries puts. */
export function putsFrame(puts: readonly [string, string, number][], more: object = {}): string {
  const events = puts.map(([key, value, at]) => ({
    kv: { key: base64(key), value: base64(value), mod_revision: String(at) },
  }));
  const revision = String(puts.at(-1)?.[2] ?? 0);
  return `${JSON.stringify({ result: { header: { cluster_id: "1", revision }, watch_id: "1", events, ...more } })}\n`;
}

/** The line with which a watch stream begins. */
export function createdFrame(revision: number, more: object = {}): string {
  const header = { cluster_id: "1", revision: String(revision) };
  return `${JSON.stringify({ result: { header, watch_id: "1", created: true, ...more } })}\n`;
}
