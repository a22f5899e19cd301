import { describe, expect, it } from "vitest";
import { readInitOptions } from "../../../agents/etcd/read-init-options.ts";

const GIVEN = {
  dir: "kept",
  endpoints: "https://etcd-1.test:2379,https://192.0.2.2:2379/",
  instance: "ins_1",
};

describe("the options of `etcd init`", () => {
  it("name members, instance and applications, each application once", () => {
    const { endpoints, ...options } = readInitOptions({ ...GIVEN, application: ["app_1", "app_2", "app_1"] });
    expect(endpoints.map((url) => url.origin)).toEqual([
      "https://etcd-1.test:2379",
      "https://192.0.2.2:2379",
    ]);
    const rest = { directory: "kept", instance: "ins_1", applications: ["app_1", "app_2"], masMirror: false };
    expect(options).toEqual(rest);
  });

  it("may have plain members, for a network that is closed", () => {
    const { endpoints } = readInitOptions({ ...GIVEN, endpoints: "http://[2001:db8::1]:2379" });
    expect(endpoints.map((url) => url.origin)).toEqual(["http://[2001:db8::1]:2379"]);
  });

  it.each([
    [{ dir: undefined }, "--dir is missing"],
    [{ endpoints: undefined }, "--endpoints is missing"],
    [{ endpoints: "192.0.2.1:2379" }, "--endpoints is to be https://host:port"],
    [{ endpoints: "https://a.test:1,http://b.test:1" }, "--endpoints is to be https://host:port"],
    [{ endpoints: "https://a.test" }, "--endpoints is to be https://host:port"],
    [{ endpoints: "https://user:pass@a.test:1" }, "--endpoints is to be https://host:port"],
    [{ endpoints: "https://a.test:1/path" }, "--endpoints is to be https://host:port"],
    [{ endpoints: Array.from({ length: 10 }, () => "https://a.test:1").join() }, "up to 9 of them"],
    [{ instance: undefined }, "--instance is missing"],
    [{ instance: "a/b" }, "--instance is to be an id"],
    [{ application: ["a/b"] }, "--application is to be an id"],
  ])("that are wrong are named in one line: %j", (wrong, words) => {
    expect(() => readInitOptions({ ...GIVEN, ...wrong })).toThrow(words);
  });
});
