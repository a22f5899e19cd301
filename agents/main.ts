#!/usr/bin/env node
import { parseArgs } from "node:util";
import { renderFindings } from "./doctor/finding.ts";
import { runDoctor } from "./doctor/run-doctor.ts";
import { enrol } from "./enrol.ts";
import { initEtcd } from "./etcd/init-etcd.ts";
import { readInitOptions } from "./etcd/read-init-options.ts";
import { loadIdentity } from "./identity.ts";
import { readPeerPlace } from "./peers/peer-address.ts";
import { runAgent } from "./run-agent.ts";
import { startStatusServer } from "./status-server.ts";

const USAGE = `evenkeel-agent enrol --url URL --name NAME --state DIR   (the one-time token is read from EVENKEEL_ENROLMENT_TOKEN)
evenkeel-agent run --state DIR [--status-port PORT] [--peer-listen HOST:PORT [--peer-address HOST:PORT]]
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
  dir: { type: "string" },
  endpoints: { type: "string" },
  instance: { type: "string" },
  application: { type: "string", multiple: true },
  "mas-mirror": { type: "boolean" },
} as const;

const say = (line: string) => process.stdout.write(`${new Date().toISOString()} ${line}\n`);

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: OPTIONS,
  });
  const [verb, act] = positionals;
  if (verb === "etcd" && act === "init") return await setUpEtcd(values);
  const stateDir = values.state;
  if (stateDir === undefined) throw new Error(`--state is missing\n${USAGE}`);
  if (verb === "enrol") {
    // A token on the command line would stand in the process list for everybody to read.
    const token = process.env.EVENKEEL_ENROLMENT_TOKEN;
    const { url, name } = values;
    if (token === undefined || url === undefined || name === undefined)
      throw new Error(`something is missing\n${USAGE}`);
    const identity = await enrol({ url, token, name, stateDir });
    say(`enrolled as ${identity.agentId} of site ${identity.siteName}`);
    return;
  }
  if (verb === "doctor") {
    const findings = await runDoctor(stateDir);
    process.stdout.write(values.json ? `${JSON.stringify(findings, null, 2)}\n` : renderFindings(findings));
    if (findings.some((finding) => finding.state === "bad")) process.exitCode = 1;
    return;
  }
  if (verb !== "run") throw new Error(USAGE);
  const peerPlace = readPeerPlace(values["peer-listen"], values["peer-address"]);
  const identity = await loadIdentity(stateDir);
  const agent = await runAgent(identity, { stateDir, peerPlace, say });
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

async function setUpEtcd(values: Readonly<Record<string, unknown>>): Promise<void> {
  const outcome = await initEtcd(readInitOptions(values), (line) => process.stdout.write(`${line}\n`));
  if (outcome === "waiting") process.exitCode = WAITING;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
