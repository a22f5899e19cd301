import { chooseLanguage, LANGUAGES, type Language } from "../language/language.ts";

/** How the console looks. */
export type Appearance = "light" | "dark";

/** What a browser remembers of a person's choices. */
export interface Preferences {
  readonly language: Language;
  readonly appearance: Appearance;
}

/** Where choices are kept; a browser that keeps nothing still works. */
export type ChoiceStore = Pick<Storage, "getItem" | "setItem">;

const LANGUAGE_KEY = "evenkeel.language";
const APPEARANCE_KEY = "evenkeel.appearance";

/**
 * Reads what was chosen, filled with what the browser prefers.
 *
 * @param store where choices are kept
 * @param browser the browser's languages, best first, and whether it prefers dark pages
 */
export function readPreferences(
  store: ChoiceStore,
  browser: { readonly languages: readonly string[]; readonly prefersDark: boolean },
): Preferences {
  const language = LANGUAGES.find((one) => one === store.getItem(LANGUAGE_KEY));
  const appearance = store.getItem(APPEARANCE_KEY);
  return {
    language: language ?? chooseLanguage(browser.languages),
    appearance:
      appearance === "light" || appearance === "dark" ? appearance : browser.prefersDark ? "dark" : "light",
  };
}

/**
 * Remembers a person's choices.
 *
 * @param store where choices are kept
 * @param preferences what was chosen
 */
export function writePreferences(store: ChoiceStore, preferences: Preferences): void {
  store.setItem(LANGUAGE_KEY, preferences.language);
  store.setItem(APPEARANCE_KEY, preferences.appearance);
}

/**
 * Finds the browser's store of choices, or one for this page alone where the browser forbids it.
 *
 * @param open opens the browser's store; throws where it is forbidden
 */
export function openChoiceStore(open: () => ChoiceStore): ChoiceStore {
  try {
    const store = open();
    store.getItem(LANGUAGE_KEY);
    return store;
  } catch (error) {
    console.warn(`choices last for this page only: ${String(error)}`);
    const kept = new Map<string, string>();
    return {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
    };
  }
}
