import { exports } from "cloudflare:workers";
import {
  AgentFrame,
  EdgeFrame,
  type PeerAddress,
  type PeerLink,
  PONG,
  PROTOCOL_VERSION,
} from "@evenkeel/contracts/agent-protocol";
import { Enrolled, EnrolmentTokenCreated, type PublicKey } from "@evenkeel/contracts/api";
import type { Observation } from "@evenkeel/contracts/observation";
import { exportJWK, generateKeyPair } from "jose";
import type { z } from "zod";
import { type Arranged, ask, BASE, type Caller } from "./control-plane.ts";

/** An agent that was enrolled, with its keys. */
export interface EnrolledAgent extends z.infer<typeof Enrolled> {
  readonly privateKey: CryptoKey;
}

/** Makes a key pair as agents do. */
export async function makeKeys(): Promise<{ publicKey: PublicKey; privateKey: CryptoKey }> {
  const pair = await generateKeyPair("ECDH-ES+A256KW", { crv: "P-256", extractable: true });
  return { publicKey: (await exportJWK(pair.publicKey)) as PublicKey, privateKey: pair.privateKey };
}

/** Enrols an agent through the API. */
export async function enrol(owner: Caller, arranged: Arranged, site: string): Promise<EnrolledAgent> {
  const path = `${arranged.path}/enrolment-tokens`;
  const { token } = await ask(owner, "POST", path, EnrolmentTokenCreated, { site });
  const { publicKey, privateKey } = await makeKeys();
  const body = { token, name: `agent-${site}-${token.slice(-5)}`, host: "host", publicKey };
  return { ...(await ask({}, "POST", "/enrol", Enrolled, body)), privateKey };
}

type FrameOf<Type extends EdgeFrame["type"]> = Extract<EdgeFrame, { type: Type }>;

/** An agent's end of the socket: it keeps every frame, and can wait for one. */
export class FakeAgent {
  readonly frames: EdgeFrame[] = [];
  readonly boot = crypto.randomUUID();
  closed: { code: number; reason: string } | null = null;
  readonly #socket: WebSocket;
  #seq = 0;
  #pongs = 0;
  #changed: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      if (data === PONG) {
        this.#pongs += 1;
        this.#wake();
        return;
      }
      this.frames.push(EdgeFrame.parse(JSON.parse(String(data))));
      this.#wake();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#wake();
    });
    socket.accept();
  }

  /** Sends a frame that the contract allows. */
  send(frame: AgentFrame): void {
    this.#socket.send(JSON.stringify(AgentFrame.parse(frame)));
  }

  /** Sends whatever the test wants. */
  sendRaw(text: string | ArrayBuffer): void {
    this.#socket.send(text);
  }

  /** Says hello. @param peer where it listens for its peers; null: nowhere @param routes and for applications */
  hello(peer: PeerAddress | null = null, routes: PeerAddress | null = null): void {
    const general = {
      protocol: PROTOCOL_VERSION,
      boot: this.boot,
      version: "test",
      planVersion: 0,
      host: "host",
      tellsProcesses: true,
    };
    this.send({ type: "hello", ...general, peer, routes });
  }

  /** Reports observations and returns the number of the report. */
  report(observations: Observation[], store: string, full = false, links: PeerLink[] = []): number {
    this.#seq += 1;
    const stores = [{ store, reachable: true, words: "" }];
    const general = { full, illness: null, stores, links };
    this.send({ type: "report", boot: this.boot, seq: this.#seq, ...general, observations });
    return this.#seq;
  }

  /** Waits for a frame of a type beyond those that were taken before, and takes it. */
  async take<Type extends EdgeFrame["type"]>(type: Type): Promise<FrameOf<Type>> {
    for (;;) {
      const index = this.frames.findIndex((frame) => frame.type === type);
      const [frame] = index < 0 ? [] : this.frames.splice(index, 1);
      if (frame !== undefined) return frame as FrameOf<Type>;
      if (this.closed !== null) throw new Error(`closed while waiting for ${type}: ${this.closed.reason}`);
      await this.#nextChange();
    }
  }

  /** Waits until the other side closed the socket. */
  async ended(): Promise<{ code: number; reason: string }> {
    while (this.closed === null) await this.#nextChange();
    return this.closed;
  }

  /** Waits for the answer to a ping. */
  async ponged(): Promise<void> {
    while (this.#pongs === 0) await this.#nextChange();
  }

  close(code = 1000, reason = "bye"): void {
    this.#socket.close(code, reason);
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed.push(resolve);
    });
  }

  #wake(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const wake of waiting) wake();
  }
}

/** Asks for an agent's socket; a refusal is returned as it is. */
export function knock(token: string): Promise<Response> {
  return exports.default.fetch(`${BASE}/api/v1/agents/connect`, {
    headers: { upgrade: "websocket", authorization: `Bearer ${token}` },
  });
}

/** Connects an agent without a word. */
export async function connect(agent: Pick<EnrolledAgent, "agentToken">): Promise<FakeAgent> {
  const response = await knock(agent.agentToken);
  if (response.webSocket === null) throw new Error(`no socket: ${response.status} ${await response.text()}`);
  return new FakeAgent(response.webSocket);
}

/** Connects an agent, says hello and waits for the welcome. */
export async function join(
  agent: Pick<EnrolledAgent, "agentToken">,
  peer: PeerAddress | null = null,
): Promise<FakeAgent> {
  const connected = await connect(agent);
  connected.hello(peer);
  await connected.take("welcome");
  return connected;
}

/** What an agent sees of a target that answers. */
export function sees(monitorId: string, dataCentre: string): Observation {
  return {
    monitorId,
    dataCentre,
    targetVersion: 1,
    judgement: { verdict: "up", reason: "ok", words: "answered in 1 ms" },
    ageMs: 0,
    latencyMs: 1,
    sawUp: true,
    failing: null,
    healthyForMs: 900_000,
    freshLoginAgeMs: 100,
  };
}

/** What an agent sees of a target that has refused for longer than the monitor timeout. */
export function misses(monitorId: string, dataCentre: string): Observation {
  return {
    ...sees(monitorId, dataCentre),
    judgement: { verdict: "down", reason: "refused", code: "ECONNREFUSED", words: "connection refused" },
    latencyMs: null,
    failing: { ageMs: 20_000, probes: 7, refusals: 7 },
    healthyForMs: null,
  };
}
