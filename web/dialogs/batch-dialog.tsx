import type { BatchCommand } from "@evenkeel/contracts/command";
import type { LiveView } from "@evenkeel/contracts/live";
import { Button } from "antd";
import { useState } from "react";
import { useWords } from "../language/words-context.tsx";
import { type Freshness, isTrusted } from "../live/freshness.ts";
import type { BatchScope } from "../model/batch.ts";
import type { BatchOutcome } from "../model/batch-outcome.ts";
import { nameSite } from "../model/instance-summary.ts";
import { Notice } from "../parts/notice.tsx";
import { BatchConfirm } from "./batch-confirm.tsx";
import { BatchBlocked, BatchModeChoice, type BatchTerms, PLAIN_TERMS } from "./batch-mode.tsx";
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
  const { siteId } = batch.scope;
  const site = siteId === null ? null : nameSite(view.sites, siteId);
  const settled = outcome?.type === "answered";
  // What stayed where it was may be asked for again; after that there is nothing left to ask.
  const isOver = settled && outcome.members.every((member) => member.ok);
  return (
    <Confirmation
      title={site === null ? t("batch.title-home") : t("batch.title", { site })}
      onClose={props.onClose}
      footer={
        <>
          {/* The button that had the focus is gone then, and the focus with it. */}
          <Button
            key={isOver ? "over" : "open"}
            autoFocus={isOver}
            type={isOver ? "primary" : "default"}
            onClick={props.onClose}
          >
            {t(settled ? "dialog.close" : "dialog.cancel")}
          </Button>
          {isOver ? null : <BatchConfirm {...props} batch={batch} terms={terms} onTerms={setTerms} />}
        </>
      }
    >
      {isTrusted(freshness) ? null : <Notice tone="error" live title={t("offer.stale")} />}
      {outcome === null ? null : <BatchResults outcome={outcome} view={view} />}
      {settled ? null : (
        <BatchPlanBody view={view} batch={batch} terms={terms} onTerms={setTerms} site={site} />
      )}
      {batch.busy ? <p role="status">{t("dialog.working")}</p> : null}
    </Confirmation>
  );
}

/** What would be moved, what stands in the way, and on which terms. */
function BatchPlanBody(props: {
  readonly view: LiveView;
  readonly batch: BatchState;
  readonly terms: BatchTerms;
  readonly onTerms: (terms: BatchTerms) => void;
  /** Name of the site that is left; null: monitors are brought home. */
  readonly site: string | null;
}) {
  const { t } = useWords();
  const { batch, terms, site } = props;
  const { plan, outcome, busy } = batch;
  return (
    // What is on its way, or may be, is not changed any more.
    <div className="dialog" inert={busy || outcome?.type === "unknown"}>
      {plan.changed && !busy ? (
        <Notice tone="error" live title={t("dialog.changed.title")}>
          {t("batch.changed")}
        </Notice>
      ) : null}
      <BatchScopeChoice view={props.view} batch={batch} />
      {plan.reach.length === 0 ? null : <CheckItems checks={plan.reach} />}
      {plan.leavingHealthy === 0 ? null : (
        <Notice tone="warning" title={t("batch.leaves-healthy", { count: plan.leavingHealthy })} />
      )}
      <BatchBlocked blocked={plan.blocked} mode={terms.mode} />
      <BatchRows batch={batch} />
      <p className="hint">{site === null ? t("batch.route-only-home") : t("batch.route-only", { site })}</p>
      <BatchModeChoice terms={terms} onChange={props.onTerms} />
    </div>
  );
}
