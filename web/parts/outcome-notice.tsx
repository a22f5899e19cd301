import { Button } from "antd";
import { useWords } from "../language/words-context.tsx";
import type { Outcome } from "../model/outcome.ts";
import { Notice } from "./notice.tsx";

/** What came of a command, beside the monitor that it was for. */
export function OutcomeNotice(props: {
  readonly name: string;
  readonly outcome: Outcome;
  readonly onDismiss: () => void;
}) {
  const { t } = useWords();
  const { outcome } = props;
  const dismiss = (
    <Button size="small" onClick={props.onDismiss}>
      {t("outcome.dismiss")}
    </Button>
  );
  const label = t("outcome.title", { name: props.name });
  return (
    <section aria-label={label}>
      <OutcomeBody outcome={outcome} actions={dismiss} />
    </section>
  );
}

/** What came of a command: its result, the reason of the refusal, or that nobody knows. */
export function OutcomeBody(props: { readonly outcome: Outcome; readonly actions?: React.ReactNode }) {
  const { t, say } = useWords();
  const { outcome, actions } = props;
  if (outcome.type === "unknown") {
    return (
      <Notice tone="warning" live title={t("outcome.unknown")} actions={actions}>
        {t("outcome.unknown.detail")}
      </Notice>
    );
  }
  if (outcome.type === "refused") {
    const { code, because, detail } = outcome;
    return (
      <Notice tone="error" live title={`${t("outcome.refused")} – ${t(`error.${code}`)}`} actions={actions}>
        {because === null ? detail : say(because)}
      </Notice>
    );
  }
  const { status, active, epoch, because } = outcome.result;
  const tone = status === "running" ? "info" : "good";
  return (
    <Notice tone={tone} live title={t(`outcome.${status}`, { active, epoch })} actions={actions}>
      {say(because)}
    </Notice>
  );
}
