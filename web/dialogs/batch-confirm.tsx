import { Button } from "antd";
import { useWords } from "../language/words-context.tsx";
import { type Freshness, isTrusted } from "../live/freshness.ts";
import { areComplete, type BatchTerms, PLAIN_TERMS } from "./batch-mode.tsx";
import type { BatchState } from "./use-batch.ts";

/** The button that goes on: confirm, look again, send again, or back to the plan after some stayed where they were. */
export function BatchConfirm(props: {
  readonly batch: BatchState;
  readonly terms: BatchTerms;
  readonly freshness: Freshness;
  /** Gets the present picture. */
  readonly refresh: () => Promise<void>;
  readonly onTerms: (terms: BatchTerms) => void;
}) {
  const { t } = useWords();
  const { batch, terms, freshness } = props;
  const { plan, outcome, busy } = batch;
  const trusted = isTrusted(freshness);
  const look = async () => {
    await props.refresh();
    batch.look();
    props.onTerms(PLAIN_TERMS);
  };
  if (outcome?.type === "answered" || (plan.changed && !busy && outcome?.type !== "unknown")) {
    return (
      <Button type="primary" disabled={!trusted} onClick={() => void look()}>
        {t("dialog.changed.look")}
      </Button>
    );
  }
  if (outcome?.type === "unknown") {
    return (
      <Button type="primary" disabled={!trusted} loading={busy} onClick={() => void batch.sendAgain()}>
        {t("dialog.again")}
      </Button>
    );
  }
  return <SendButton batch={batch} terms={terms} trusted={trusted} />;
}

/** Says how many are moved, by which means, and from what. */
function SendButton(props: {
  readonly batch: BatchState;
  readonly terms: BatchTerms;
  readonly trusted: boolean;
}) {
  const { t } = useWords();
  const { batch, terms } = props;
  const { picked, leavingHealthy: healthy } = batch.plan;
  const count = picked.length;
  const forced = terms.mode === "force";
  return (
    <Button
      type="primary"
      danger={forced || healthy > 0}
      disabled={!props.trusted || count === 0 || !areComplete(terms)}
      loading={batch.busy}
      onClick={() => void batch.send(terms.mode, terms.reason)}
    >
      {forced
        ? t("batch.confirm-force", { count })
        : t(healthy > 0 ? "batch.confirm-healthy" : "batch.confirm", { count, healthy })}
    </Button>
  );
}
