import type { Bilingual } from "@evenkeel/contracts/plugin";

/** A language of the console. */
export type Language = keyof Bilingual;

/** Every language, in the order of the switch in the header. */
export const LANGUAGES: readonly Language[] = ["en", "zh-CN"];

/**
 * Chooses the language for a browser that has not chosen yet.
 *
 * @param preferred the browser's languages, best first (`navigator.languages`)
 * @returns the first that the console has; English if it has none
 */
export function chooseLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "zh") return "zh-CN";
    if (primary === "en") return "en";
  }
  return "en";
}
