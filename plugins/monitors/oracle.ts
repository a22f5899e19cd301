import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { createAddressSchema, readAddress } from "../address.ts";
import { DATABASE_TIMING } from "../default-timing.ts";
import { judgeFailure } from "../judge-failure.ts";
import { judgeOracleAnswer } from "../judge-oracle-answer.ts";
import { ORACLE_MEANINGS } from "../oracle-meanings.ts";
import { OracleSettings, openOracleSession } from "../oracle-session.ts";
import { OracleTls } from "../oracle-tls.ts";
import { renderSdkCode } from "../sdk-code.ts";
import { createSettings, describeSetting } from "../settings.ts";
import { SqlCommon, SqlSecret } from "../sql-settings.ts";

const PORT = 1521;
const NAME_MAX = 64;

const Common = createSettings({
  ...SqlCommon.shape,
  monitoredDatabase: z
    .string("must be a name")
    .trim()
    .max(NAME_MAX, `must have at most ${NAME_MAX} characters`)
    .regex(/^[A-Za-z0-9_$#.-]+$/, "must be the name of a service or SID: letters, digits, _ $ # . -")
    .meta(
      describeSetting(
        ["Monitored service or SID", "监控的服务名或 SID"],
        [
          "The service (or SID) that probes connect to, such as that of the pluggable database.",
          "探测所连接的服务名（或 SID），例如可插拔数据库的服务名。",
        ],
      ),
    ),
  connectBy: z
    .enum(["service", "sid"], "must be service or sid")
    .default("service")
    .meta(
      describeSetting(
        ["Connect by", "连接方式"],
        [
          "service: a service's name; sid: an instance's SID, as with old listeners.",
          "service：服务名；sid：实例 SID（旧式监听器）。",
        ],
      ),
    ),
});
const Target = createSettings({ address: createAddressSchema(PORT), tls: OracleTls });

/** What a route reads of the settings. */
const Source = OracleSettings.omit({ password: true, tls: true });

/** Numbers of the server, its listener and its network; the driver's own begin with NJS. */
const SERVER_CODE = /^ORA-[0-9]{5}$/;

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  return openOracleSession(OracleSettings.parse(raw), context);
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  const address = String(raw.address);
  if (outcome.type === "answered") return judgeOracleAnswer(outcome.sample, outcome.latencyMs, address);
  return judgeFailure(outcome, {
    address,
    user: String(raw.user),
    database: String(raw.monitoredDatabase),
    meanings: ORACLE_MEANINGS,
    isEngineCode: (code) => SERVER_CODE.test(code),
  });
}

/** Oracle Database from version 12.1 on, by the driver's thin mode: no Oracle client is installed. */
export const oracle: MonitorPlugin = {
  kind: "oracle",
  title: { en: "Oracle", "zh-CN": "Oracle" },
  defaultPort: PORT,
  switchable: true,
  hasRoute: true,
  sdk: {
    algorithms: ["single-read-write"],
    readsReplicas: false,
    measuresStaleness: false,
    driver: "oracledb",
    code: renderSdkCode({
      entry: "oracle",
      opener: "openOracle",
      gives: "pool",
      ask: 'const { rows } = await pool.execute("SELECT * FROM orders WHERE id = :1", [id]);',
    }),
  },
  drivers: ["oracledb"],
  masService: "db",
  defaults: DATABASE_TIMING,
  common: Common,
  target: Target,
  secret: SqlSecret,
  account: `-- as SYS, in the pluggable database that is monitored; a physical standby takes it over
CREATE PROFILE evenkeel_probe LIMIT PASSWORD_LIFE_TIME UNLIMITED IDLE_TIME UNLIMITED;
CREATE USER evenkeel_probe IDENTIFIED BY "…" PROFILE evenkeel_probe;
GRANT CREATE SESSION TO evenkeel_probe;
GRANT SELECT ON sys.v_$database TO evenkeel_probe;
GRANT SELECT ON sys.v_$instance TO evenkeel_probe;
GRANT SELECT ON sys.v_$resource_limit TO evenkeel_probe;`,
  proof:
    "No Oracle server could be had to run this against. The driver itself, oracledb 26.0.0 in thin mode, was run against a listener of our own that refuses, redirects, asks again, hangs, drips, breaks its protocol and hangs up, in plain and in TLS: what this page says about faults of the network, a listener's refusals and TLS was seen so. Not run: any login, the account's statements, the probe's statement and what a real database answers to it, inside a pluggable database and on standbys above all, RAC and its scan listeners, native network encryption, a server that asks for a client certificate (a listener of ours did), and the numbers that only a server sends after the listener let one in; their rows below are judged by tables of samples and were never seen from a server. A listener whose instance has crashed answers ORA-12514 once the instance's own registration is gone; that it does so is from the manual.",
  codes: ORACLE_MEANINGS,
  example: {
    common: {
      user: "evenkeel_probe",
      monitoredDatabase: "shop.example.com",
      connectedDatabases: ["shop.example.com"],
      connectBy: "service",
    },
    target: { address: `192.0.2.10:${PORT}`, tls: { mode: "verify" } },
    secret: { password: "example-password" },
  },
  open,
  source(raw) {
    const settings = Source.parse(raw);
    return { ...readAddress(settings.address), databases: settings.connectedDatabases, hasUser: true };
  },
  judge,
};
