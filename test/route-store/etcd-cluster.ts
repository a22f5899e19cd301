import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, fetch } from "undici";

const START_DEADLINE_MS = 20_000;
const POLL_MS = 25;

/** Credentials of the test clusters. */
export const ROOT = { user: "root", password: "root-secret" };

/** One member of a cluster of this test. */
export interface Member {
  readonly address: string;
  kill(): Promise<void>;
  stop(): void;
  resume(): void;
  start(): void;
}

/** A cluster that lives as long as one test file. */
export interface TestCluster {
  readonly members: readonly Member[];
  readonly endpoints: string[];
  /** Calls the gateway directly, as root, at the first member that answers. */
  call(path: string, body: object, options?: { anonymous?: boolean }): Promise<unknown>;
  /** Index of the member that leads. */
  leader(): Promise<number>;
  /** Hands leadership to another member, as maintenance does. */
  moveLeader(to: number): Promise<void>;
  /** Copies the data of all members, which must be dead, aside. */
  backUp(): void;
  /** Puts that copy in the place of the members' data; they must be dead. */
  restore(): void;
  /** Puts the data of another cluster of one member in the place of this one's; all must be dead. */
  takeOver(other: TestCluster): void;
  readonly directory: string;
  /** Waits until writes are taken. */
  ready(): Promise<void>;
  destroy(): Promise<void>;
}

/** @returns why etcd cannot be run here, or null if it can */
export function whyNoEtcd(): string | null {
  try {
    execFileSync("etcd", ["--version"], { stdio: "ignore" });
    return null;
  } catch {
    return "etcd is not on PATH (Debian: apt-get install etcd-server)";
  }
}

/** Settings of a test cluster; ports are `portBase` and the next `2 × size - 1`. */
export interface ClusterSettings {
  readonly portBase: number;
  readonly size?: number;
  readonly tokenTtlS?: number;
  readonly auth?: boolean;
  readonly tls?: ClusterTls;
  /** Absent: etcd's own, 1000 ms. */
  readonly electionMs?: number;
}

/** Serves clients over TLS: files for etcd. */
export interface ClusterTls {
  readonly cert: string;
  readonly key: string;
  /** The authority's text, for the test's own calls. */
  readonly ca: string;
  /** File of the authority whose client certificates are asked for; absent: none is. */
  readonly clientCaFile?: string;
  /** The client certificate of the test's own calls, as text. */
  readonly own?: { readonly cert: string; readonly key: string };
  /** The test's own calls take any certificate: for servers whose certificate is what is tested. */
  readonly lenient?: boolean;
}

/** Starts a cluster with password authentication and waits until it takes writes. */
export async function startCluster(settings: ClusterSettings): Promise<TestCluster> {
  const size = settings.size ?? 3;
  const directory = mkdtempSync(join(tmpdir(), "evenkeel-etcd-"));
  const peers = Array.from(
    { length: size },
    (_, index) => `m${index}=http://127.0.0.1:${settings.portBase + 2 * index + 1}`,
  ).join(",");
  const members = Array.from({ length: size }, (_, index) => createMember(settings, directory, peers, index));
  for (const member of members) member.start();
  const cluster = createCluster(members, directory, settings.tls);
  await cluster.ready();
  if (settings.auth !== false) await enableAuth(cluster);
  return cluster;
}

function createMember(settings: ClusterSettings, directory: string, peers: string, index: number): Member {
  const { tls } = settings;
  const client = `${tls === undefined ? "http" : "https"}://127.0.0.1:${settings.portBase + 2 * index}`;
  const peer = `http://127.0.0.1:${settings.portBase + 2 * index + 1}`;
  let child: ChildProcess | null = null;
  const args = [
    ...["--name", `m${index}`, "--data-dir", join(directory, `m${index}`)],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
    ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
    ...["--initial-cluster", peers, "--bcrypt-cost", "4", "--log-level", "fatal"],
    ...(settings.electionMs === undefined ? [] : ["--election-timeout", String(settings.electionMs)]),
    ...(settings.tokenTtlS === undefined ? [] : ["--auth-token-ttl", String(settings.tokenTtlS)]),
    ...(tls === undefined ? [] : ["--cert-file", tls.cert, "--key-file", tls.key]),
    ...(tls?.clientCaFile === undefined ? [] : ["--client-cert-auth", "--trusted-ca-file", tls.clientCaFile]),
  ];
  return {
    address: client.replace(/^https?:\/\//, ""),
    start() {
      child = spawn("etcd", args, {
        stdio: "ignore",
        env: { ...process.env, ETCD_UNSUPPORTED_ARCH: "arm64" },
      });
    },
    stop: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    async kill() {
      const dying = child;
      child = null;
      if (dying === null || dying.exitCode !== null) return;
      const gone = new Promise((resolve) => dying.once("exit", resolve));
      dying.kill("SIGKILL");
      await gone;
    },
  };
}

/** What `fetch` needs to speak TLS as the test; nothing without TLS. */
function dispatcherOf(tls: ClusterTls | undefined): Agent {
  if (tls === undefined) return new Agent();
  const { ca, own, lenient } = tls;
  return new Agent({ connect: { ca, cert: own?.cert, key: own?.key, rejectUnauthorized: lenient !== true } });
}

function createCluster(members: readonly Member[], directory: string, tls?: ClusterTls): TestCluster {
  let token: string | null = null;
  const scheme = tls === undefined ? "http" : "https";
  const dispatcher = dispatcherOf(tls);
  const post = async (address: string, path: string, body: object): Promise<unknown> => {
    const response = await fetch(`${scheme}://${address}${path}`, {
      dispatcher,
      method: "POST",
      body: JSON.stringify(body),
      headers: token === null ? {} : { authorization: token },
      signal: AbortSignal.timeout(2000),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const call = async (path: string, body: object): Promise<unknown> => {
    let last: unknown = null;
    for (const member of members) {
      try {
        return await post(member.address, path, body);
      } catch (error) {
        last = error;
        if (!String(error).includes("invalid auth token") && !String(error).includes("user name is empty"))
          continue;
        token = null;
        const login = await post(member.address, "/v3/auth/authenticate", {
          name: ROOT.user,
          password: ROOT.password,
        });
        token = (login as { token: string }).token;
        return await post(member.address, path, body);
      }
    }
    throw last;
  };
  return {
    members,
    endpoints: members.map((member) => member.address),
    call,
    async leader() {
      const statuses = await Promise.allSettled(
        members.map((member) => post(member.address, "/v3/maintenance/status", {})),
      );
      return statuses.findIndex((status) => {
        if (status.status === "rejected") return false;
        const { leader, header } = status.value as { leader: string; header: { member_id: string } };
        return leader === header.member_id;
      });
    },
    async moveLeader(to) {
      const [from, target] = [members[await this.leader()], members[to]];
      if (from === undefined || target === undefined) throw new Error(`no leader, or no member ${to}`);
      const status = await post(target.address, "/v3/maintenance/status", {});
      const { header } = status as { header: { member_id: string } };
      await post(from.address, "/v3/maintenance/transfer-leadership", { targetID: header.member_id });
    },
    backUp: () => cpSync(directory, `${directory}-copy`, { recursive: true }),
    restore() {
      rmSync(directory, { recursive: true });
      cpSync(`${directory}-copy`, directory, { recursive: true });
    },
    takeOver(other) {
      rmSync(directory, { recursive: true });
      cpSync(other.directory, directory, { recursive: true });
    },
    directory,
    ready: () =>
      until("the cluster takes writes", async () => {
        await call("/v3/kv/put", { key: "cmVhZHk=", value: "eWVz" });
        return true;
      }),
    async destroy() {
      await dispatcher.destroy();
      await Promise.all(members.map((member) => member.kill()));
      for (const path of [directory, `${directory}-copy`]) rmSync(path, { recursive: true, force: true });
    },
  };
}

async function enableAuth(cluster: TestCluster): Promise<void> {
  await cluster.call("/v3/auth/user/add", { name: ROOT.user, password: ROOT.password });
  await cluster.call("/v3/auth/role/add", { name: "root" });
  await cluster.call("/v3/auth/user/grant", { user: "root", role: "root" });
  await cluster.call("/v3/auth/enable", {});
}

/** Polls a condition until it holds; a condition that throws does not hold yet. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = START_DEADLINE_MS,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  let last: unknown = "it stayed false";
  while (performance.now() < endMs) {
    try {
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`not within ${deadlineMs} ms: ${what} (${String(last)})`);
}
