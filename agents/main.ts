import { parseArgs } from "node:util";
import { approve, computeFingerprint } from "./approve.ts";
import { renderFindings } from "./doctor/finding.ts";
import { runDoctor } from "./doctor/run-doctor.ts";
import { enrol } from "./enrol.ts";
import { initEtcd } from "./etcd/init-etcd.ts";
import { readInitOptions } from "./etcd/read-init-options.ts";
import { loadIdentity } from "./identity.ts";
import { type ListenPlace, readPlace } from "./listen-place.ts";
import { runAgent } from "./run-agent.ts";
import { startStatusServer } from "./status-server.ts";

const USAGE = `evenkeel-agent enrol --url URL --name NAME --state DIR   (the one-time token is read from EVENKEEL_ENROLMENT_TOKEN)
evenkeel-agent run --state DIR [--status-port PORT] [--peer-listen HOST:PORT [--peer-address HOST:PORT]]
                    [--routes-listen HOST:PORT [--routes-address HOST:PORT]]
evenkeel-agent approve FINGERPRINT --state DIR          (lets a newly enrolled agent open the credentials that this one can)
evenkeel-agent doctor --state DIR [--json]              (looks at everything around this agent and says what to mend)
evenkeel-agent etcd init --dir DIR --endpoints URL,URL,URL --instance ID [--application ID]… [--mas-mirror]
                                                        (sets up an etcd cluster: certificates, users, roles)`;
/** Exit code of a set-up that goes on when the members have been started. */
const WAITING = 3;

const OPTIONS = {
  url: { type: "string" },
  name: { type: "string" },
  state: { type: "string" },
  "status-port": { type: "string" },
  json: { type: "boolean", default: false },
  "peer-listen": { type: "string" },
  "peer-address": { type: "string" },
  "routes-listen": { type: "string" },
  "routes-address": { type: "string" },
  dir: { type: "string" },
  endpoints: { type: "string" },
  instance: { type: "string" },
  application: { type: "string", multiple: true },
  "mas-mirror": { type: "boolean" },
} as const;

const readCommandLine = () => parseArgs({ allowPositionals: true, options: OPTIONS });

const say = (line: string) => process.stdout.write(`${new Date().toISOString()} ${line}\n`);

interface Call {
  readonly values: ReturnType<typeof readCommandLine>["values"];
  /** What stands after the verb. */
  readonly subject: string | undefined;
  readonly stateDir: string;
}

/** What can be asked of this program for one agent, by the word that asks for it. */
const VERBS: Readonly<Record<string, (call: Call) => Promise<void>>> = {
  enrol: enrolHere,
  approve: approveAnother,
  doctor: examine,
  run,
};

async function main(): Promise<void> {
  const { positionals, values } = readCommandLine();
  const [verb, subject] = positionals;
  if (verb === "etcd" && subject === "init") return await setUpEtcd(values);
  const perform = verb === undefined ? undefined : VERBS[verb];
  if (perform === undefined) throw new Error(USAGE);
  if (values.state === undefined) throw new Error(`--state is missing\n${USAGE}`);
  await perform({ values, subject, stateDir: values.state });
}

async function enrolHere({ values, stateDir }: Call): Promise<void> {
  // A token on the command line would stand in the process list for everybody to read.
  const token = process.env.EVENKEEL_ENROLMENT_TOKEN;
  const { url, name } = values;
  if (token === undefined || url === undefined || name === undefined)
    throw new Error(`something is missing\n${USAGE}`);
  const identity = await enrol({ url, token, name, stateDir });
  say(`enrolled as ${identity.agentId} of site ${identity.siteName}`);
  say(`its key is ${await computeFingerprint(identity.privateKey)}`);
  say("let it open the credentials: evenkeel-agent approve <that key> --state … where an agent runs already");
}

async function approveAnother({ subject, stateDir }: Call): Promise<void> {
  if (subject === undefined) throw new Error(`the new agent's key is missing\n${USAGE}`);
  const { name, site, given, left } = await approve(await loadIdentity(stateDir), subject);
  say(`agent ${name} of site ${site} was given ${given} secrets that it could not open`);
  for (const { place, why } of left) say(`not given: ${place}: ${why}`);
  if (left.length > 0) process.exitCode = 1;
}

async function examine({ values, stateDir }: Call): Promise<void> {
  const findings = await runDoctor(stateDir);
  process.stdout.write(values.json ? `${JSON.stringify(findings, null, 2)}\n` : renderFindings(findings));
  if (findings.some((finding) => finding.state === "bad")) process.exitCode = 1;
}

async function run({ values, stateDir }: Call): Promise<void> {
  const peerPlace = readListen("peer", values);
  const routesPlace = readListen("routes", values);
  const identity = await loadIdentity(stateDir);
  const agent = await runAgent(identity, { stateDir, peerPlace, routesPlace, say });
  const port = values["status-port"];
  const server = port === undefined ? null : startStatusServer(Number(port), agent.status);
  const end = () => {
    server?.close();
    server?.closeAllConnections();
    agent.stop();
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
}

function readListen(port: "peer" | "routes", values: Call["values"]): ListenPlace | null {
  const names = { listen: `${port}-listen`, address: `${port}-address` } as const;
  return readPlace({ names, listen: values[names.listen], address: values[names.address] });
}

async function setUpEtcd(values: Call["values"]): Promise<void> {
  const outcome = await initEtcd(readInitOptions(values), (line) => process.stdout.write(`${line}\n`));
  if (outcome === "waiting") process.exitCode = WAITING;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
