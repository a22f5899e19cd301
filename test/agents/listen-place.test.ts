import { describe, expect, it } from "vitest";
import { parseAddress, readPlace } from "../../agents/listen-place.ts";

const names = { listen: "peer-listen", address: "peer-address" };
const readBoth = (listen: string | undefined, address: string | undefined) =>
  readPlace({ names, listen, address });

describe("an address", () => {
  it.each([
    ["10.0.0.1:7300", { host: "10.0.0.1", port: 7300 }],
    ["agent-dc1.example:1", { host: "agent-dc1.example", port: 1 }],
    ["[fd00::1]:65535", { host: "fd00::1", port: 65_535 }],
  ])("is read from %s", (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  it.each(["", "10.0.0.1", ":7300", "fd00::1:7300", "a:0", "a:65536", "a:b", "[]:1", "a:1 "])(
    "is not read from %j",
    (text) => {
      expect(parseAddress(text)).toBeNull();
    },
  );
});

describe("the options", () => {
  it("may both be missing: the agent listens nowhere", () => {
    expect(readBoth(undefined, undefined)).toBeNull();
  });

  it("name one place twice unless the peers see it elsewhere", () => {
    const here = { host: "10.0.0.1", port: 7300 };
    expect(readBoth("10.0.0.1:7300", undefined)).toEqual({ listen: here, address: here });
    expect(readBoth("10.0.0.1:7300", "nat.example:99")).toEqual({
      listen: here,
      address: { host: "nat.example", port: 99 },
    });
  });

  it.each(["0.0.0.0:7300", "[::]:7300"])(
    "must say where peers find an agent that listens on %s",
    (listen) => {
      expect(() => readBoth(listen, undefined)).toThrow("--peer-address");
      expect(readBoth(listen, "10.0.0.1:7300")?.address.host).toBe("10.0.0.1");
    },
  );

  it("are refused by name if they cannot be read, or an address comes alone", () => {
    expect(() => readBoth("7300", undefined)).toThrow(
      '--peer-listen is to be HOST:PORT or [IPV6]:PORT, not "7300"',
    );
    expect(() => readBoth("10.0.0.1:7300", "x")).toThrow("--peer-address");
    expect(() => readBoth(undefined, "10.0.0.1:7300")).toThrow("--peer-listen");
  });
});
