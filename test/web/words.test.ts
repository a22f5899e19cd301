import { because } from "@evenkeel/contracts/sentences";
import { describe, expect, it } from "vitest";
import { formatDuration, formatLatency, formatMoment } from "../../web/language/format.ts";
import { chooseLanguage } from "../../web/language/language.ts";
import { createWords } from "../../web/language/words.ts";
import { openChoiceStore, readPreferences, writePreferences } from "../../web/preferences/preferences.ts";

const en = createWords("en");
const zh = createWords("zh-CN");

describe("words", () => {
  it("fill blanks and plurals", () => {
    expect(en.t("head.agents", { connected: 1, all: 1 })).toBe("1 of 1 agent connected");
    expect(en.t("head.agents", { connected: 1, all: 2 })).toBe("1 of 2 agents connected");
    expect(en.t("monitors.attention", { count: 0 })).toBe("nothing needs attention");
    expect(zh.t("offer.switch", { to: "dc2" })).toBe("切换到 dc2");
  });

  it("say the control plane's sentences in the reader's language", () => {
    const why = because("PROT-automatic", { to: "dc2" });
    expect(en.say(why)).toBe("It switches by itself to dc2");
    expect(zh.say(why)).toBe("自动切换到 dc2");
  });

  it("show a sentence of a newer control plane in English, never its bare id", () => {
    const why = { id: "ARB-99", params: {}, text: "Something that was invented later" };
    expect(zh.say(why)).toBe("Something that was invented later");
  });

  it("title a kind by its plugin, and an unknown kind by its name on the wire", () => {
    expect(en.kind("postgresql")).toBe("PostgreSQL");
    expect(en.kind("later_engine")).toBe("later_engine");
  });
});

describe("formats", () => {
  it.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [1_000, "1.0 s"],
    [12_345, "12 s"],
    [-1_500, "−1.5 s"],
    [61_000, "1 min"],
    [7_260_000, "2 h"],
    [180_000_000, "2 d"],
  ])("a duration of %i ms reads %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it("a duration never rounds up to more than has passed", () => {
    expect(formatDuration(59_999)).toBe("59 s");
    expect(formatDuration(9_999)).toBe("9.9 s");
  });

  it("latencies keep a digit only where it matters", () => {
    expect([formatLatency(1.83), formatLatency(12.2)]).toEqual(["1.8 ms", "12 ms"]);
  });

  it("a moment of another day carries its date", () => {
    const at = Date.UTC(2026, 10, 21, 3, 0, 0);
    expect(formatMoment(at, at + 1000, "en")).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(formatMoment(at, at + 90_000_000, "en")).toContain("Nov");
  });
});

describe("preferences", () => {
  it.each([
    [["zh-TW", "en"], "zh-CN"],
    [["de", "en-GB", "zh"], "en"],
    [["fr"], "en"],
    [[], "en"],
  ] as const)("a browser that prefers %j reads %s", (languages, language) =>
    expect(chooseLanguage(languages)).toBe(language),
  );

  it("what was chosen wins over what the browser prefers, and comes back", () => {
    const kept = new Map<string, string>();
    const store = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    const browser = { languages: ["en"], prefersDark: true };
    expect(readPreferences(store, browser)).toEqual({ language: "en", appearance: "dark" });
    writePreferences(store, { language: "zh-CN", appearance: "light" });
    expect(readPreferences(store, browser)).toEqual({ language: "zh-CN", appearance: "light" });
    kept.set("evenkeel.language", "tlh");
    expect(readPreferences(store, browser).language).toBe("en");
  });

  it("a browser that forbids its store still keeps choices for the page", () => {
    const store = openChoiceStore(() => {
      throw new Error("denied");
    });
    store.setItem("a", "1");
    expect([store.getItem("a"), store.getItem("b")]).toEqual(["1", null]);
  });
});
