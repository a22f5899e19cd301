import type { CodeMeaning } from "@evenkeel/contracts/plugin";

/** What an error code means: one row of a table. */
export type Meaning = CodeMeaning;

/** Error codes and what they mean. */
export type Meanings = Readonly<Partial<Record<string, Meaning>>>;
