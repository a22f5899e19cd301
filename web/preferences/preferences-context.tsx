import { ConfigProvider, theme } from "antd";
import english from "antd/locale/en_US";
import chinese from "antd/locale/zh_CN";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Language } from "../language/language.ts";
import { WordsProvider } from "../language/words-context.tsx";
import { type ChoiceStore, type Preferences, writePreferences } from "./preferences.ts";

interface Choices extends Preferences {
  choose(choice: Partial<Preferences>): void;
}

const PreferencesContext = createContext<Choices | null>(null);

/** Colours and sizes that antd's parts share with our own style sheets. */
const TOKENS = {
  fontFamily: "var(--font)",
  fontSize: 14,
  borderRadius: 6,
  controlHeight: 34,
  motion: false,
  colorError: "#c0232d",
} as const;
const COLOURS = {
  light: { colorPrimary: "#1f5fa8", colorLink: "#1a5599" },
  dark: {
    colorPrimary: "#4c93e6",
    colorLink: "#7db5f5",
    colorBgContainer: "#19212b",
    colorBgElevated: "#1d2733",
  },
} as const;
const ANTD_LOCALES: Readonly<Record<Language, typeof english>> = { en: english, "zh-CN": chinese };

/** Gives the page its language and its colours, and remembers what the person chooses. */
export function PreferencesProvider(props: {
  readonly initial: Preferences;
  readonly store: ChoiceStore;
  /** Nonce for the styles that antd makes while it runs; undefined where no policy asks for one. */
  readonly nonce: string | undefined;
  readonly children: ReactNode;
}) {
  const { store, nonce } = props;
  const [preferences, setPreferences] = useState(props.initial);
  const { language, appearance } = preferences;
  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dataset.appearance = appearance;
  }, [language, appearance]);
  const choices = useMemo<Choices>(
    () => ({
      ...preferences,
      choose(choice) {
        const next = { ...preferences, ...choice };
        writePreferences(store, next);
        setPreferences(next);
      },
    }),
    [preferences, store],
  );
  const dark = appearance === "dark";
  return (
    <PreferencesContext value={choices}>
      <WordsProvider language={language}>
        <ConfigProvider
          locale={ANTD_LOCALES[language]}
          button={{ autoInsertSpace: false }}
          {...(nonce === undefined ? {} : { csp: { nonce } })}
          theme={{
            algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
            token: { ...TOKENS, ...COLOURS[appearance] },
          }}
        >
          {props.children}
        </ConfigProvider>
      </WordsProvider>
    </PreferencesContext>
  );
}

/**
 * What the person chose, and how to choose again.
 *
 * @throws Error outside of a PreferencesProvider
 */
export function usePreferences(): Choices {
  const choices = useContext(PreferencesContext);
  if (choices === null) throw new Error("usePreferences needs a PreferencesProvider above it");
  return choices;
}
