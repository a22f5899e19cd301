import type { Because } from "@evenkeel/contracts/event";
import { renderSentence } from "@evenkeel/contracts/sentences";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { setupI18n } from "@lingui/core";
import { compileMessage } from "@lingui/message-utils/compileMessage";
import { EN, type MessageId } from "../locales/en.ts";
import { ZH_CN } from "../locales/zh-CN.ts";
import type { Language } from "./language.ts";

/** What fills the blanks of a message. */
export type MessageValues = Readonly<Record<string, string | number>>;

/** A message that is not yet put into a language. */
export interface Message {
  readonly id: MessageId;
  readonly values?: MessageValues;
}

/** Puts everything that the console shows into one language. */
export interface Words {
  readonly language: Language;
  /** Renders a message of the catalogue. */
  t(id: MessageId, values?: MessageValues): string;
  /** Renders a message that a pure function chose. */
  show(message: Message): string;
  /** Renders a sentence of the control plane; one that this console does not know yet is shown in English. */
  say(because: Because): string;
  /** The title of a kind of monitor; an unknown kind is shown as it is named on the wire. */
  kind(kind: string): string;
}

const CATALOGUES: Readonly<Record<Language, Readonly<Record<MessageId, string>>>> = {
  en: EN,
  "zh-CN": ZH_CN,
};

/**
 * Makes the words of a language.
 *
 * @param language the language
 * @returns its words
 */
export function createWords(language: Language): Words {
  const i18n = setupI18n({ missing: (_, id) => id });
  // The catalogues are ICU messages in source form; compiling the few that a page shows takes less than a millisecond.
  i18n.setMessagesCompiler(compileMessage);
  i18n.loadAndActivate({ locale: language, messages: { ...CATALOGUES[language] } });
  const t: Words["t"] = (id, values) => i18n._(id, values === undefined ? undefined : { ...values });
  return {
    language,
    t,
    show: (message) => t(message.id, message.values),
    say: (because) => {
      const sentence = renderSentence(because.id, because.params, language);
      return sentence === because.id ? because.text : sentence;
    },
    kind: (kind) => findMonitorPlugin(kind)?.title[language] ?? kind,
  };
}
