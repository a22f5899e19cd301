import type { LiveMonitor } from "@evenkeel/contracts/live";
import { Button, Input, Select } from "antd";
import { useWords } from "../language/words-context.tsx";
import { countStates, FILTER_ABOVE, type MonitorFilter, NO_FILTER } from "../model/filter-monitors.ts";
import { STATES } from "../model/state-look.ts";
import { StateBadge } from "./state-badge.tsx";

/** Counts by state, each a filter; with many monitors also a search by name and kind. */
export function MonitorFilters(props: {
  readonly monitors: readonly LiveMonitor[];
  readonly filter: MonitorFilter;
  readonly onFilter: (filter: MonitorFilter) => void;
}) {
  const { t, kind } = useWords();
  const { monitors, filter, onFilter } = props;
  const counts = countStates(monitors);
  const kinds = [...new Set(monitors.map((monitor) => monitor.kind))];
  const isFiltered = filter !== NO_FILTER;
  return (
    <div className="filters">
      {STATES.filter((state) => counts.has(state) || filter.state === state).map((state) => (
        <button
          key={state}
          type="button"
          className="chip"
          aria-pressed={filter.state === state}
          onClick={() => onFilter({ ...filter, state: filter.state === state ? null : state })}
        >
          <StateBadge state={state} count={counts.get(state) ?? 0} />
        </button>
      ))}
      {monitors.length > FILTER_ABOVE ? (
        <>
          <Input
            className="search"
            type="search"
            allowClear
            placeholder={t("monitors.search")}
            aria-label={t("monitors.search")}
            value={filter.text}
            onChange={(event) => onFilter({ ...filter, text: event.target.value })}
          />
          <Select
            className="kind-choice"
            aria-label={t("monitors.kind")}
            value={filter.kind ?? ""}
            options={[
              { value: "", label: t("monitors.any-kind") },
              ...kinds.map((value) => ({ value, label: kind(value) })),
            ]}
            onChange={(value) => onFilter({ ...filter, kind: value === "" ? null : value })}
          />
        </>
      ) : null}
      {isFiltered ? (
        <Button type="link" onClick={() => onFilter(NO_FILTER)}>
          {t("monitors.clear")}
        </Button>
      ) : null}
    </div>
  );
}
