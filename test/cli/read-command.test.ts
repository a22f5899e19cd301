import { describe, expect, it } from "vitest";
import { readCommand, USAGE } from "../../cli/read-command.ts";
import { RESOURCES } from "../../cli/resources.ts";

const noFile = () => {
  throw new Error("no file is read");
};

function request(...args: string[]) {
  const reading = readCommand(args, noFile);
  if (!reading.ok) throw new Error(reading.message);
  return reading.request;
}

describe("a command line", () => {
  it("becomes the request of its verb", () => {
    expect(request("namespace", "list")).toEqual({ method: "GET", path: "/namespaces", body: undefined });
    expect(request("monitor", "get", "mon_1", "--instance", "ins_1").path).toBe(
      "/instances/ins_1/monitors/mon_1",
    );
    expect(request("event", "list", "--instance", "ins_1", "--query", "limit=5").path).toBe(
      "/instances/ins_1/events?limit=5",
    );
  });

  it("takes its body whole, from a file, or field by field", () => {
    const whole = '{"name":"n"}';
    expect(request("site", "create", "--instance", "i", "--data", whole).body).toEqual({ name: "n" });
    const reading = readCommand(["token", "create", "--data", "@body.json"], (path) => `{"name":"${path}"}`);
    expect(reading).toMatchObject({ request: { body: { name: "body.json" } } });
    const set = ["--set", "name=dc1", "--set", "monitored=false", "--set", "text=a=b"];
    expect(request("site", "create", "--instance", "i", ...set).body).toEqual({
      name: "dc1",
      monitored: false,
      text: "a=b",
    });
  });

  it("[SAFE-7] names the target and the epoch that was seen, with a key of its own each time", () => {
    const args = [
      "monitor",
      "switch",
      "m",
      "--instance",
      "i",
      "--to",
      "dc2",
      "--epoch",
      "7",
      "--force",
      "--reason",
      "r",
    ];
    const [first, second] = [request(...args).body, request(...args).body];
    expect(first).toMatchObject({ to: "dc2", expectedEpoch: 7, force: true, reason: "r" });
    expect(first).not.toEqual(second);
  });

  it.each([
    [["nonsense", "list"], "There is no command"],
    [["namespace", "toString"], "There is no command"],
    [["__proto__", "list"], "There is no command"],
    [["namespace", "get"], "An id is missing"],
    [["site", "list"], "--instance is missing"],
    [["namespace", "list", "--wrong"], "--wrong"],
    [["token", "create", "--data", "{"], "JSON"],
    [["token", "create", "--set", "name"], "name=value"],
  ])("that is wrong is refused: %s", (args, message) => {
    const reading = readCommand(args, noFile);
    expect(reading).toEqual({ ok: false, message: expect.stringContaining(message) });
  });

  it("cannot leave its path by a crooked id", () => {
    expect(request("namespace", "get", "../tokens").path).toBe("/namespaces/..%2Ftokens");
  });

  it("is explained with every resource", () => {
    for (const resource of Object.keys(RESOURCES)) expect(USAGE).toContain(resource);
  });
});
