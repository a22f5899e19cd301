import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import { Button } from "antd";
import { useCallback, useState } from "react";
import { useWords } from "../language/words-context.tsx";
import {
  filterMonitors,
  type MonitorFilter,
  NO_FILTER,
  needsAttention,
  UNFOLD_UP_TO,
} from "../model/filter-monitors.ts";
import { type Outcome, settleOutcome } from "../model/outcome.ts";
import { renderHash } from "../routing/hash-route.ts";
import { MonitorCard, type Wish } from "./monitor-card.tsx";
import { MonitorFilters } from "./monitor-filters.tsx";

/** Screens on which each monitor in full takes a page; the style sheets use the same width. */
const NARROW = "(max-width: 760px)";

/** The monitors of an instance, or one of them by its link. */
export function MonitorList(props: {
  readonly view: LiveView;
  readonly monitorId: string | null;
  readonly operates: boolean;
  readonly configures: boolean;
  readonly trusted: boolean;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly onWish: (wish: Wish) => void;
  readonly onDismiss: (monitorId: string) => void;
  /** Opens the dialog that moves many monitors; null: the person cannot, or nothing can be moved. */
  readonly onSwitchMany: (() => void) | null;
}) {
  const { t } = useWords();
  const { view, monitorId, outcomes } = props;
  const [filter, setFilter] = useState<MonitorFilter>(NO_FILTER);
  // Only what a person folded or unfolded is kept; the rest follows the state.
  const [folds, setFolds] = useState<ReadonlyMap<string, boolean>>(new Map());
  const unfold = useCallback((id: string, unfolded: boolean) => {
    setFolds((before) => new Map(before).set(id, unfolded));
  }, []);
  const all = view.monitors;
  const shown = monitorId === null ? filterMonitors(all, filter) : all.filter(({ id }) => id === monitorId);
  const unfoldUpTo = window.matchMedia(NARROW).matches ? 1 : UNFOLD_UP_TO;
  const isUnfolded = (monitor: LiveMonitor) =>
    folds.get(monitor.id) ?? (shown.length <= unfoldUpTo || needsAttention(monitor));
  const count = all.filter(needsAttention).length;
  return (
    <section className="monitors" id="monitors" tabIndex={-1} aria-label={t("monitors.title")}>
      <div className="monitors-head">
        <h2>{t("monitors.title")}</h2>
        <span className={count === 0 ? "muted" : "attention"}>{t("monitors.attention", { count })}</span>
        {props.onSwitchMany === null || all.length < 2 ? null : (
          <Button className="switch-many" disabled={!props.trusted} onClick={props.onSwitchMany}>
            {t("batch.open")}
          </Button>
        )}
      </div>
      {monitorId === null ? (
        <MonitorFilters monitors={all} filter={filter} onFilter={setFilter} />
      ) : (
        <p className="only-one">
          {t("monitors.only-one")}{" "}
          <a href={renderHash({ page: "instance", instanceId: view.instanceId, monitorId: null })}>
            {t("monitors.clear")}
          </a>
        </p>
      )}
      {all.length === 0 ? <p>{t("monitors.none")}</p> : null}
      {all.length > 0 && shown.length === 0 ? <p>{t("monitors.none-found")}</p> : null}
      {shown.map((monitor) => {
        const outcome = outcomes.get(monitor.id);
        return (
          <MonitorCard
            key={monitor.id}
            instanceId={view.instanceId}
            sites={view.sites}
            monitor={monitor}
            operates={props.operates}
            configures={props.configures}
            trusted={props.trusted}
            unfolded={isUnfolded(monitor)}
            outcome={outcome === undefined ? undefined : settleOutcome(outcome, monitor)}
            onUnfold={unfold}
            onWish={props.onWish}
            onDismiss={props.onDismiss}
          />
        );
      })}
    </section>
  );
}
