import { ERRORS } from "@evenkeel/contracts/errors";
import { describe, expect, it } from "vitest";
import { EN } from "../../web/locales/en.ts";
import { ZH_CN } from "../../web/locales/zh-CN.ts";
import { listSourceFiles, parse, walk } from "../tidy/source-files.ts";

const sources = listSourceFiles().filter((file) => file.path.startsWith("web/"));
const parts = sources.filter((file) => file.path.endsWith(".tsx"));

function listBlanks(message: string): string[] {
  // What stands in braces after a plural's category is text, not a blank.
  const blanks = message.matchAll(/(?<!(?:one|other|=\d) )\{(\w+)[,}]/g);
  return [...new Set([...blanks].map(([, name]) => String(name)))].sort();
}

describe("the catalogues", () => {
  it("have the same messages in both languages, none empty", () => {
    expect(Object.keys(ZH_CN).sort()).toEqual(Object.keys(EN).sort());
    const empty = Object.entries({ ...EN, ...ZH_CN }).filter(([, text]) => text.trim() === "");
    expect(empty).toEqual([]);
  });

  it("have the same blanks in both languages", () => {
    const different = Object.entries(EN).flatMap(([id, text]) => {
      const other = ZH_CN[id as keyof typeof EN];
      const [ours, theirs] = [listBlanks(text), listBlanks(other)];
      return ours.join() === theirs.join() ? [] : [`${id}: ${ours.join()} | ${theirs.join()}`];
    });
    expect(different).toEqual([]);
  });

  it("leave nothing untranslated: Chinese messages have Chinese characters", () => {
    // Names, and messages that are nothing but blanks and marks.
    const alike = new Set(["app.name", "language.en", "announce.state", "title.attention"]);
    const foreign = Object.entries(ZH_CN).filter(
      ([id, text]) => !alike.has(id) && !/[\u4e00-\u9fff]/.test(text),
    );
    expect(foreign).toEqual([]);
  });

  it("name every error code of the API", () => {
    expect(Object.keys(ERRORS).filter((code) => !(`error.${code}` in EN))).toEqual([]);
  });

  it("hold no message that nobody shows", () => {
    const used = new Set<string>();
    const made: RegExp[] = [];
    for (const file of sources.filter(({ path }) => !path.startsWith("web/locales/"))) {
      walk(parse(file), (node) => {
        if (node.type === "Literal" && typeof node.value === "string") used.add(node.value);
        if (node.type !== "TemplateLiteral") return;
        const quasis = node.quasis as unknown as { readonly value: { readonly cooked: string } }[];
        const texts = quasis.map(({ value }) => value.cooked.replaceAll(".", "\\."));
        if (/^[a-z-]+\\\./.test(texts[0] ?? "")) made.push(new RegExp(`^${texts.join("[\\w-]+")}$`));
      });
    }
    const unused = Object.keys(EN).filter((id) => !used.has(id) && !made.some((one) => one.test(id)));
    expect(unused).toEqual([]);
  });
});

/** Attributes that people see or hear. */
const SPOKEN = new Set([
  "title",
  "label",
  "aria-label",
  "placeholder",
  "alt",
  "hint",
  "okText",
  "cancelText",
]);

describe("the parts of the page", () => {
  it("say nothing that does not come from a catalogue", () => {
    const literals = parts.flatMap((file) => {
      const found: string[] = [];
      const note = (value: unknown) => {
        if (typeof value === "string" && /\p{L}/u.test(value)) found.push(`${file.path}: ${value.trim()}`);
      };
      walk(parse(file), (node) => {
        if (node.type === "JSXText") note(node.value);
        if (node.type === "JSXAttribute") {
          const { name } = node.name as { readonly name?: string };
          const { type, value } = (node.value ?? {}) as { readonly type?: string; readonly value?: unknown };
          if (SPOKEN.has(String(name)) && type === "Literal") note(value);
        }
        if (node.type === "JSXElement" || node.type === "JSXFragment") {
          for (const child of node.children as { readonly expression?: { readonly value?: unknown } }[]) {
            note(child.expression?.value);
          }
        }
      });
      return found;
    });
    expect(literals).toEqual([]);
  });

  it("the check above sees a literal where there is one", () => {
    const file = { path: "web/x.tsx", text: `export const X = () => <p title="Stop">Go</p>;`, lines: 1 };
    const seen: unknown[] = [];
    walk(parse(file), (node) => {
      if (node.type === "JSXText") seen.push(node.value);
      if (node.type === "JSXAttribute") seen.push((node.value as { readonly value?: unknown } | null)?.value);
    });
    expect(seen).toEqual(["Stop", "Go"]);
  });
});
