import type { ProbeReason, Verdict } from "@evenkeel/contracts/observation";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { describe, expect, test } from "vitest";
import { KIND_CASES } from "./kind-cases.ts";

type Row = readonly [code: string | undefined, verdict: Verdict, reason: ProbeReason];

/** What the system and Node say: the same for every kind. */
const NETWORK: readonly Row[] = [
  ["ECONNREFUSED", "down", "refused"],
  ["ECONNRESET", "down", "reset"],
  ["EPIPE", "down", "closed"],
  ["ETIMEDOUT", "down", "timed-out"],
  ["EHOSTUNREACH", "down", "unreachable"],
  ["ENETUNREACH", "down", "unreachable"],
  ["ENOTFOUND", "config", "name-not-found"],
  ["EAI_AGAIN", "config", "name-not-found"],
  ["CERT_HAS_EXPIRED", "config", "tls-failed"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "config", "tls-failed"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "config", "tls-failed"],
  ["EMFILE", "config", "bad-settings"],
  ["EADDRNOTAVAIL", "config", "bad-settings"],
  ["ENOMEM", "config", "bad-settings"],
  ["EPERM", "config", "bad-settings"],
  ["ESOMETHING", "down", "bad-answer"],
  ["ERR_SOMETHING", "down", "bad-answer"],
  [undefined, "down", "bad-answer"],
];

/** What the engines say, and what an error of theirs means that is in no table. */
const ENGINES: Readonly<Record<string, readonly Row[]>> = {
  postgresql: [
    ["28P01", "config", "auth-failed"],
    ["28000", "config", "auth-failed"],
    ["3D000", "config", "unknown-database"],
    ["42501", "config", "permission-denied"],
    ["53300", "degraded", "saturated"],
    ["53100", "degraded", "disk-full"],
    ["25006", "read_only", "read-only"],
    ["57P01", "down", "shutting-down"],
    ["57P02", "down", "shutting-down"],
    ["57P03", "down", "starting"],
    ["08006", "down", "unreachable"],
    ["XX000", "degraded", "bad-answer"],
    ["42P01", "degraded", "bad-answer"],
  ],
  mysql: [
    ["1045", "config", "auth-failed"],
    ["1044", "config", "unknown-database"],
    ["1049", "config", "unknown-database"],
    ["1130", "config", "auth-failed"],
    ["1040", "degraded", "saturated"],
    ["1203", "degraded", "saturated"],
    ["1226", "degraded", "saturated"],
    ["1021", "degraded", "disk-full"],
    ["1114", "degraded", "disk-full"],
    ["1290", "read_only", "read-only"],
    ["1053", "down", "shutting-down"],
    ["1047", "down", "starting"],
    ["PROTOCOL_CONNECTION_LOST", "down", "closed"],
    ["HANDSHAKE_NO_SSL_SUPPORT", "config", "tls-failed"],
    ["1146", "degraded", "bad-answer"],
    ["PROTOCOL_UNEXPECTED_PACKET", "down", "bad-answer"],
  ],
  oracle: [
    ["ORA-01017", "config", "auth-failed"],
    ["ORA-01005", "config", "auth-failed"],
    ["ORA-28000", "config", "auth-failed"],
    ["ORA-28001", "config", "auth-failed"],
    ["ORA-28040", "config", "auth-failed"],
    ["NJS-116", "config", "auth-failed"],
    ["ORA-01045", "config", "permission-denied"],
    ["ORA-01031", "config", "permission-denied"],
    ["ORA-00942", "config", "permission-denied"],
    ["ORA-12514", "down", "unknown-database"],
    ["ORA-12505", "down", "unknown-database"],
    ["NJS-505", "config", "tls-failed"],
    ["NJS-506", "config", "tls-failed"],
    ["NJS-138", "config", "bad-settings"],
    ["ORA-00018", "degraded", "saturated"],
    ["ORA-00020", "degraded", "saturated"],
    ["ORA-12516", "degraded", "saturated"],
    ["ORA-12519", "degraded", "saturated"],
    ["ORA-12520", "degraded", "saturated"],
    ["ORA-02391", "degraded", "saturated"],
    ["ORA-04031", "degraded", "saturated"],
    ["ORA-00257", "degraded", "disk-full"],
    ["ORA-16000", "read_only", "read-only"],
    ["ORA-01035", "read_only", "read-only"],
    ["ORA-12526", "read_only", "read-only"],
    ["ORA-01033", "down", "starting"],
    ["ORA-01034", "down", "starting"],
    ["ORA-12528", "down", "starting"],
    ["ORA-01089", "down", "shutting-down"],
    ["ORA-12541", "down", "refused"],
    ["ORA-12170", "down", "timed-out"],
    ["ORA-12543", "down", "unreachable"],
    ["ORA-03113", "down", "closed"],
    ["ORA-00600", "degraded", "bad-answer"],
    ["NJS-999", "down", "bad-answer"],
    ["NOT_ORACLE", "down", "bad-answer"],
  ],
  redis: [
    ["WRONGPASS", "config", "auth-failed"],
    ["NOAUTH", "config", "auth-failed"],
    ["NOPERM", "config", "permission-denied"],
    ["DENIED", "config", "permission-denied"],
    ["LOADING", "down", "starting"],
    ["MASTERDOWN", "down", "starting"],
    ["MAXCLIENTS", "degraded", "saturated"],
    ["MISCONF", "degraded", "disk-full"],
    ["READONLY", "read_only", "read-only"],
    ["ERR", "degraded", "bad-answer"],
    ["TRYAGAIN", "degraded", "bad-answer"],
    ["NOT_RESP", "down", "bad-answer"],
  ],
  api: [
    ["HPE_INVALID_CONSTANT", "down", "bad-answer"],
    ["HPE_HEADER_OVERFLOW", "down", "bad-answer"],
  ],
};

function judge(kind: string, code: string | undefined, message = "the driver's words") {
  const settings = KIND_CASES[kind]?.settings("192.0.2.1:1234") ?? {};
  const plugin = findMonitorPlugin(kind);
  if (plugin === undefined) throw new Error(`there is no ${kind}`);
  return plugin.judge({ type: "failed", error: { code, message }, afterMs: 3 }, settings);
}

describe.each(Object.entries(ENGINES))("[SAFE-5] %s", (kind, rows) => {
  test.each([...NETWORK, ...rows])("%s is %s, %s", (code, verdict, reason) => {
    expect(judge(kind, code)).toMatchObject({ verdict, reason });
  });

  test("what refuses us says what to do", () => {
    for (const [code, verdict] of [...NETWORK, ...rows]) {
      if (verdict === "config") expect(judge(kind, code).advice).toMatch(/\w{3}/);
    }
  });

  test("advice has the monitor's own names in it, no placeholders", () => {
    for (const [code] of rows) expect(judge(kind, code).advice ?? "").not.toMatch(/\{\w+\}/);
  });
});

test("the network's failures are told without the system's repetition", () => {
  expect(judge("postgresql", "ECONNREFUSED", "connect ECONNREFUSED 192.0.2.1:1234")).toEqual({
    verdict: "down",
    reason: "refused",
    code: "ECONNREFUSED",
    words: "connection refused by 192.0.2.1:1234",
    advice: expect.stringContaining("see that the server runs"),
  });
});

test("the engine's refusals are told with user, code and its own words", () => {
  expect(judge("postgresql", "28P01", 'password authentication failed for user "evenkeel_probe"').words).toBe(
    'access denied for user evenkeel_probe at 192.0.2.1:1234 (28P01): password authentication failed for user "evenkeel_probe"',
  );
});

test("a code that we gave ourselves is not shown", () => {
  expect(judge("redis", "PEER_CLOSED", "the server closed the connection")).toEqual({
    verdict: "down",
    reason: "closed",
    words: "connection closed by 192.0.2.1:1234",
    advice: expect.stringContaining("log"),
  });
});

test("a time-out is told with its time and address", () => {
  const plugin = findMonitorPlugin("redis");
  expect(plugin?.judge({ type: "timed-out", afterMs: 200.6 }, { address: "192.0.2.1:6379" })).toEqual({
    verdict: "down",
    reason: "timed-out",
    words: "timed out after 201 ms waiting for 192.0.2.1:6379",
    advice: expect.stringContaining("firewall"),
  });
});
