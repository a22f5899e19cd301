import { createContext, type ReactNode, useContext, useMemo } from "react";
import type { Language } from "./language.ts";
import { createWords, type Words } from "./words.ts";

const WordsContext = createContext<Words | null>(null);

/** Gives everything below it the words of a language. */
export function WordsProvider(props: { readonly language: Language; readonly children: ReactNode }) {
  const words = useMemo(() => createWords(props.language), [props.language]);
  return <WordsContext value={words}>{props.children}</WordsContext>;
}

/**
 * The words of the chosen language.
 *
 * @throws Error outside of a WordsProvider
 */
export function useWords(): Words {
  const words = useContext(WordsContext);
  if (words === null) throw new Error("useWords needs a WordsProvider above it");
  return words;
}
