import type { LiveMonitor } from "@evenkeel/contracts/live";
import { useWords } from "../language/words-context.tsx";
import type { MessageId } from "../locales/en.ts";

/** Whether the automatic switch would fire. */
export function ArmingTag(props: { readonly monitor: LiveMonitor }) {
  const { t } = useWords();
  const { word, meaning, look } = describeArming(props.monitor);
  return (
    <span className={`tag tag-${look}`} title={t(meaning)}>
      {t(word)}
    </span>
  );
}

function describeArming(monitor: LiveMonitor): {
  readonly word: MessageId;
  readonly meaning: MessageId;
  readonly look: "good" | "warning" | "plain";
} {
  if (!monitor.switchable) {
    return { word: "monitor.reports-only", meaning: "monitor.reports-only.meaning", look: "plain" };
  }
  if (!monitor.automatic) {
    return { word: "monitor.manual", meaning: "monitor.manual.meaning", look: "plain" };
  }
  return monitor.armed
    ? { word: "monitor.armed", meaning: "monitor.armed.meaning", look: "good" }
    : { word: "monitor.disarmed", meaning: "monitor.disarmed.meaning", look: "warning" };
}
