import { expect, test } from "vitest";
import { classifyAnswer, classifyConnectionError } from "../../route-store/classify-answer.ts";

const error = (code: number, message: string) => ({ code, message, error: message });

test.each([
  ["a dead token", 401, error(16, "etcdserver: invalid auth token")],
  ["users changed (jwt)", 400, error(3, "etcdserver: revision of auth store is old")],
])("%s: log in again", (_name, status, body) => {
  expect(classifyAnswer(status, body).kind).toBe("relogin");
});

test.each([
  ["no leader", error(14, "etcdserver: no leader"), false],
  ["an overloaded store", error(8, "etcdserver: too many requests"), false],
  ["a write that timed out", error(14, "etcdserver: request timed out"), true],
  ["a leader that changed meanwhile", error(14, "etcdserver: leader changed"), true],
  ["a member that ends", error(14, "transport is closing"), true],
  ["a deadline in the gateway", error(4, "context deadline exceeded"), true],
])("%s: try again; a write %o may have been applied: %o", (_name, body, maybeApplied) => {
  expect(classifyAnswer(503, body)).toMatchObject({ kind: "retry", maybeApplied });
});

test.each([
  ["auth-failed", 400, error(3, "etcdserver: authentication failed, invalid user ID or password")],
  ["auth-failed", 400, error(3, "etcdserver: user name is empty")],
  ["permission-denied", 403, error(7, "etcdserver: permission denied")],
  ["rejected", 404, error(5, "etcdserver: requested lease not found")],
  ["rejected", 429, error(8, "etcdserver: mvcc: database space exceeded")],
  ["rejected", 404, null],
])("%s is final (HTTP %i)", (reason, status, body) => {
  expect(classifyAnswer(status, body)).toMatchObject({ kind: "final", reason });
});

const coded = (code: string): Error => Object.assign(new Error("x"), { code });

test("only an error from before the request was sent excludes that it was applied", () => {
  for (const code of ["ECONNREFUSED", "ENOTFOUND", "UND_ERR_CONNECT_TIMEOUT"]) {
    expect(classifyConnectionError(coded(code))).toMatchObject({ maybeApplied: false, tls: false });
  }
  for (const code of ["ECONNRESET", "UND_ERR_SOCKET", "UND_ERR_ABORTED", "SOMETHING_NEW"]) {
    expect(classifyConnectionError(coded(code))).toMatchObject({ maybeApplied: true, tls: false });
  }
  const manyAddresses = new AggregateError([coded("ECONNREFUSED"), coded("ECONNREFUSED")]);
  expect(classifyConnectionError(manyAddresses).maybeApplied).toBe(false);
});

test.each([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "EPROTO",
])("%s is TLS's refusal", (code) => {
  expect(classifyConnectionError(coded(code))).toMatchObject({ tls: true, maybeApplied: false });
});
