import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:tls";
import { checkControlPlane } from "@evenkeel/agent/doctor/check-control-plane";
import { judgeOpenFiles } from "@evenkeel/agent/doctor/check-machine";
import { judgeTarget } from "@evenkeel/agent/doctor/check-targets";
import { bad, doubtful, good, renderFindings } from "@evenkeel/agent/doctor/finding";
import { inspectEndpoint } from "@evenkeel/agent/doctor/inspect-endpoint";
import { judgeCertificate } from "@evenkeel/agent/doctor/judge-certificate";
import { describe, expect, it } from "vitest";
import { OWN_NAME } from "../../plugins/test-certificates.ts";

const DAY_MS = 86_400_000;
const IDENTITY = {
  ...{
    v: 1 as const,
    agentId: "agt_1",
    instanceId: "ins_1",
    site: "sit_1",
    siteName: "dc1",
    name: "agent-dc1",
  },
  agentToken: "evk_agent_token-of-the-test",
  privateKey: {},
};

async function withControlPlane<Result>(
  answer: { status: number; body: string; dateMs: number | null },
  use: (url: string) => Promise<Result>,
): Promise<Result> {
  const server = createServer((_request, response) => {
    response.sendDate = false;
    const date = answer.dateMs === null ? {} : { date: new Date(answer.dateMs).toUTCString() };
    response.writeHead(answer.status, { "content-type": "application/json", ...date });
    response.end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    return await use(`http://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const KNOWN = JSON.stringify({ code: "protocol-mismatch" });

describe("the control plane's answer", () => {
  it.each([
    ["an hour ahead of ours", 3_600_000, "behind"],
    ["an hour behind ours", -3_600_000, "ahead of"],
  ])("with a clock %s is worth a look", async (_, byMs, words) => {
    const found = await withControlPlane({ status: 400, body: KNOWN, dateMs: Date.now() + byMs }, (url) =>
      checkControlPlane({ ...IDENTITY, url }),
    );
    expect(found.find(({ subject }) => subject === "clock")).toMatchObject({
      state: "doubtful",
      words: expect.stringContaining(words),
      fix: expect.stringContaining("chrony"),
    });
  });

  it("that is no control plane's is bad, and quotes nothing of it", async () => {
    const found = await withControlPlane({ status: 200, body: "<html>hi</html>", dateMs: null }, (url) =>
      checkControlPlane({ ...IDENTITY, url }),
    );
    expect(found[0]).toMatchObject({ state: "bad", words: "answered with status 200" });
    expect(JSON.stringify(found)).not.toContain(IDENTITY.agentToken);
  });
});

describe("a certificate", () => {
  const now = Date.UTC(2026, 10, 21);
  it.each([
    ["of a trusted authority, for a year", null, 365, "good"],
    ["that ends in a week", null, 7, "doubtful"],
    ["that ended yesterday", null, -1, "bad"],
    ["that is not trusted", "self-signed certificate", 365, "bad"],
  ])("%s", (_, distrust, days, state) => {
    expect(judgeCertificate("it", { distrust, untilMs: now + days * DAY_MS }, now).state).toBe(state);
  });

  it("of a real server is read: not trusted without its authority, good with it", async () => {
    const server = createTlsServer({ cert: OWN_NAME.cert, key: OWN_NAME.key });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const endpoint = {
      host: "127.0.0.1",
      port: typeof address === "object" && address !== null ? address.port : 0,
      tls: true,
    };
    try {
      expect(await inspectEndpoint("it", endpoint)).toMatchObject({ state: "bad" });
      expect(await inspectEndpoint("it", { ...endpoint, ca: OWN_NAME.cert })).toMatchObject({
        state: "good",
      });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

it("a name that does not exist is told as such", async () => {
  const found = await inspectEndpoint("it", { host: "no-such-host.invalid", port: 1, tls: false });
  expect(found).toMatchObject({ state: "bad", words: expect.stringContaining("cannot be resolved") });
});

it("open files are counted against the targets", () => {
  expect(judgeOpenFiles(1024, 100).state).toBe("good");
  expect(judgeOpenFiles(1024, 1000)).toMatchObject({
    state: "bad",
    fix: expect.stringContaining("LimitNOFILE=2200"),
  });
});

it("findings are rendered a line each, with what to do, and counted", () => {
  const text = renderFindings([
    good("a", "well"),
    doubtful("b", "so so", "look"),
    bad("c", "gone", "mend it"),
  ]);
  expect(text.split("\n")).toEqual([
    "ok   a: well",
    "look b: so so",
    "       → look",
    "BAD  c: gone",
    "       → mend it",
    "1 good, 1 to look at, 1 bad",
    "",
  ]);
});

describe("a target", () => {
  const observed = (reason: "auth-failed" | "tls-failed") =>
    ({
      judgement: { verdict: "config", reason, words: "access denied", advice: "check the password" },
    }) as Parameters<typeof judgeTarget>[1];

  it("that refuses the account is told with the statements that make it", () => {
    const finding = judgeTarget("orders in dc1", observed("auth-failed"), "CREATE USER a;\nGRANT b;");
    expect(finding).toMatchObject({ state: "bad" });
    expect(renderFindings([finding])).toContain(
      [
        "BAD  orders in dc1: config, access denied",
        "       → check the password",
        "         the whole account, with the least rights:",
        "         CREATE USER a;",
        "         GRANT b;",
      ].join("\n"),
    );
  });

  it.each([
    ["is told without them for anything else", "tls-failed", "CREATE USER a;"],
    ["of a kind without accounts as well", "auth-failed", undefined],
  ] as const)("%s", (_, reason, account) => {
    expect(judgeTarget("orders in dc1", observed(reason), account).fix).toBe("check the password");
  });
});
