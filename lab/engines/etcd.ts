import { join } from "node:path";
import { z } from "zod";
import { LAB_HOST, type PortName } from "../processes/ports.ts";
import type { ManagedProcess, ProcessSpec } from "../processes/process-spec.ts";
import type { EngineRequest, EngineResult, EngineUser } from "./engine-handle.ts";
import { openHome } from "./engine-home.ts";
import { ensureAccounts, letSdkWrite } from "./etcd-accounts.ts";
import { askStatus, callEtcd } from "./etcd-gateway.ts";
import { loadSecrets } from "./secrets.ts";

const ENGINE = "etcd";

/** The members, each in the site that it is named after. */
export const ETCD_MEMBERS = ["dc1", "dc2", "witness"] as const;

/** See {@link ETCD_MEMBERS}. */
export type EtcdMember = (typeof ETCD_MEMBERS)[number];

/** How quickly the members notice that the leader is lost. */
export interface EtcdTimings {
  readonly heartbeatMs: number;
  /** At least five times the heartbeat. */
  readonly electionMs: number;
}

/** Loopback has no latency, so an election needs half of etcd's default: a lost leader costs 0.7 s instead of 1.3 s. */
const LAB_TIMINGS: EtcdTimings = { heartbeatMs: 100, electionMs: 500 };

/** The route store's cluster. */
export interface EtcdHandle {
  readonly version: string;
  readonly members: Readonly<
    Record<EtcdMember, { readonly process: ManagedProcess; readonly endpoint: string }>
  >;
  /** All client endpoints, in the order of the members. */
  readonly endpoints: readonly string[];
  readonly users: { readonly root: EngineUser; readonly agent: EngineUser; readonly sdk: EngineUser };
  /** The member that leads, as far as the members that answer agree on one; undefined during an election. */
  leader(): Promise<EtcdMember | undefined>;
  /**
   * Hands the leadership over. @returns true once that member leads, false when there is no leader or it refuses
   */
  moveLeader(to: EtcdMember): Promise<boolean>;
  /** Lets the SDK's account register processes below a prefix. @throws when etcd refuses */
  letSdkWrite(prefix: string): Promise<void>;
}

function clientPort(member: EtcdMember): PortName {
  return `etcd-${member}`;
}

function peerPort(member: EtcdMember): PortName {
  return `etcd-peer-${member}`;
}

/** The command line of one member. */
function memberArguments(
  url: (port: PortName) => string,
  member: EtcdMember,
  place: { readonly dataDir: string; readonly labId: string },
  timings: EtcdTimings,
): string[] {
  const cluster = ETCD_MEMBERS.map((each) => `${each}=${url(peerPort(each))}`).join(",");
  const settings = {
    name: member,
    "data-dir": place.dataDir,
    "listen-client-urls": url(clientPort(member)),
    "advertise-client-urls": url(clientPort(member)),
    "listen-peer-urls": url(peerPort(member)),
    "initial-advertise-peer-urls": url(peerPort(member)),
    "initial-cluster": cluster,
    // Members of another lab on the same ports must not be taken for ours. The lab's id is no password.
    "initial-cluster-token": place.labId,
    "initial-cluster-state": "new",
    "heartbeat-interval": timings.heartbeatMs,
    "election-timeout": timings.electionMs,
    "auto-compaction-retention": "1h",
    // Passwords are random: a costly hash would only slow logins down.
    "bcrypt-cost": 4,
    "log-level": "warn",
    logger: "zap",
  };
  return Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
}

function memberProcess(
  request: EngineRequest,
  member: EtcdMember,
  place: { readonly dataDir: string; readonly labId: string },
  timings: EtcdTimings,
): ProcessSpec {
  const { ports, program } = request;
  const url = (port: PortName): string => `http://${LAB_HOST}:${ports[port]}`;
  return {
    name: `${ENGINE}-${member}`,
    role: "etcd",
    site: member,
    command: program.path,
    args: memberArguments(url, member, place, timings),
    ports: [clientPort(member), peerPort(member)].map((port) => ({
      port: ports[port],
      wantedBy: `etcd's member ${member}`,
    })),
    // Its log is on disk before it answers, so nothing is lost; ended in order, the last leader would wait 6 s for a
    // member that takes over.
    endSignal: "SIGKILL",
    isReady: async () => (await askStatus(url(clientPort(member))))?.leaderId !== undefined,
  };
}

/** Asks all members at once who they are and who leads. */
async function findLeader(endpoints: Readonly<Record<EtcdMember, string>>) {
  const asked = ETCD_MEMBERS.map(async (member) => ({ member, status: await askStatus(endpoints[member]) }));
  const answers = await Promise.all(asked);
  const named = new Set(
    answers.flatMap(({ status }) => (status?.leaderId === undefined ? [] : [status.leaderId])),
  );
  const [leaderId] = named;
  // A leader that has just been replaced may still name itself: nobody leads for sure while they disagree.
  const member =
    named.size === 1 ? answers.find(({ status }) => status?.memberId === leaderId)?.member : undefined;
  return {
    member,
    idOf: (wanted: EtcdMember) => answers.find((each) => each.member === wanted)?.status?.memberId,
  };
}

async function moveLeader(endpoints: Readonly<Record<EtcdMember, string>>, to: EtcdMember): Promise<boolean> {
  const now = await findLeader(endpoints);
  const targetID = now.idOf(to);
  if (now.member === undefined || targetID === undefined) return false;
  if (now.member === to) return true;
  const answer = await callEtcd(
    endpoints[now.member],
    "maintenance/transfer-leadership",
    { targetID },
    z.unknown(),
  );
  return answer.ok && (await findLeader(endpoints)).member === to;
}

/**
 * Starts the route store: three members, one per site, with password authentication. The data of an earlier start is
 * used again.
 * @param timings how quickly a lost leader is replaced
 * @returns the cluster once it has a leader and its accounts, or why that did not come about
 * @throws when etcd refuses to make the accounts
 */
export async function startEtcd(
  request: EngineRequest,
  timings: EtcdTimings = LAB_TIMINGS,
): Promise<EngineResult<EtcdHandle>> {
  const { stateDir, ports, supervisor, program } = request;
  const { labId, passwords } = loadSecrets(stateDir);
  // The members keep each other's addresses with their data, so data from other ports is of no use.
  const home = openHome(
    join(stateDir, ENGINE),
    `${labId} ${ETCD_MEMBERS.map((member) => ports[peerPort(member)])}`,
  );
  const start = async (member: EtcdMember) => {
    const place = { dataDir: join(home.dir, member), labId };
    const started = await supervisor.spawnProcess(memberProcess(request, member, place, timings));
    return started.ok
      ? {
          ok: true as const,
          process: started.process,
          endpoint: `http://${LAB_HOST}:${ports[clientPort(member)]}`,
        }
      : started;
  };
  const [dc1, dc2, witness] = await Promise.all([start("dc1"), start("dc2"), start("witness")]);
  if (!dc1.ok) return dc1;
  if (!dc2.ok) return dc2;
  if (!witness.ok) return witness;

  const members = { dc1, dc2, witness };
  const endpoints = { dc1: dc1.endpoint, dc2: dc2.endpoint, witness: witness.endpoint };
  const accounts = {
    root: passwords["etcd-root"],
    agent: passwords["etcd-agent"],
    sdk: passwords["etcd-sdk"],
  };
  await ensureAccounts(dc1.endpoint, accounts);
  home.markReady();
  const handle: EtcdHandle = {
    version: program.version,
    members,
    endpoints: ETCD_MEMBERS.map((member) => endpoints[member]),
    users: {
      root: { user: "root", password: accounts.root },
      agent: { user: "agent", password: accounts.agent },
      sdk: { user: "sdk", password: accounts.sdk },
    },
    letSdkWrite: (prefix) => letSdkWrite(dc1.endpoint, accounts.root, prefix),
    leader: async () => (await findLeader(endpoints)).member,
    moveLeader: async (to) => await moveLeader(endpoints, to),
  };
  return { ok: true, handle };
}
