import type { BatchCommand } from "@evenkeel/contracts/command";
import type { LiveView } from "@evenkeel/contracts/live";
import { Button } from "antd";
import { useState } from "react";
import { useWords } from "../language/words-context.tsx";
import { type Freshness, isTrusted } from "../live/freshness.ts";
import type { BatchScope } from "../model/batch.ts";
import type { BatchOutcome } from "../model/batch-outcome.ts";
import { Notice } from "../parts/notice.tsx";
import { areComplete, BatchBlocked, BatchModeChoice, type BatchTerms, PLAIN_TERMS } from "./batch-mode.tsx";
import { BatchResults } from "./batch-results.tsx";
import { BatchRows } from "./batch-rows.tsx";
import { BatchScopeChoice } from "./batch-scope.tsx";
import { CheckItems } from "./check-list.tsx";
import { Confirmation } from "./confirmation.tsx";
import { type BatchState, useBatch } from "./use-batch.ts";

/** What the dialog of a batch gets. */
export interface BatchDialogProps {
  readonly view: LiveView;
  readonly scope: BatchScope;
  readonly freshness: Freshness;
  readonly send: (body: BatchCommand) => Promise<BatchOutcome>;
  /** Gets the present picture. */
  readonly refresh: () => Promise<void>;
  readonly onClose: () => void;
}

/** Confirms that many monitors leave a site together: each with its state and target first, then with its result. */
export function BatchDialog(props: BatchDialogProps) {
  const { t } = useWords();
  const { view, freshness } = props;
  const batch = useBatch(view, props.scope, props.send);
  const [terms, setTerms] = useState<BatchTerms>(PLAIN_TERMS);
  const { outcome } = batch;
  const site = view.sites.find(({ id }) => id === batch.scope.siteId)?.name ?? batch.scope.siteId;
  const settled = outcome?.type === "answered";
  // What stayed where it was may be asked for again; after that there is nothing left to ask.
  const isOver = settled && outcome.members.every((member) => member.ok);
  return (
    <Confirmation
      title={t("batch.title", { site })}
      onClose={props.onClose}
      footer={
        <>
          <Button type={isOver ? "primary" : "default"} onClick={props.onClose}>
            {t(settled ? "dialog.close" : "dialog.cancel")}
          </Button>
          {isOver ? null : <Confirm {...props} batch={batch} terms={terms} onTerms={setTerms} />}
        </>
      }
    >
      {isTrusted(freshness) ? null : <Notice tone="error" live title={t("offer.stale")} />}
      {outcome === null ? null : <BatchResults outcome={outcome} view={view} />}
      {settled ? null : (
        <>
          {batch.plan.changed && !batch.busy ? (
            <Notice tone="error" live title={t("dialog.changed.title")}>
              {t("batch.changed")}
            </Notice>
          ) : null}
          <BatchScopeChoice view={view} batch={batch} />
          <CheckItems checks={batch.plan.reach} />
          <BatchBlocked blocked={batch.plan.blocked} mode={terms.mode} />
          <BatchRows batch={batch} />
          <p className="hint">{t("batch.route-only", { site })}</p>
          <BatchModeChoice terms={terms} onChange={setTerms} />
        </>
      )}
      {batch.busy ? <p role="status">{t("dialog.working")}</p> : null}
    </Confirmation>
  );
}

/** The button that goes on: confirm, look again, send again, or back to the plan after some stayed where they were. */
function Confirm(
  props: BatchDialogProps & {
    readonly batch: BatchState;
    readonly terms: BatchTerms;
    readonly onTerms: (terms: BatchTerms) => void;
  },
) {
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
