import type { MonitorView } from "@evenkeel/contracts/api";
import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import type { MaintenanceWindow } from "@evenkeel/contracts/plan";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { changeWindows, fetchMonitor } from "../api/monitors.ts";
import type { Answer } from "../api/request.ts";
import { formatFullMoment } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";
import { type Freshness, isTrusted } from "../live/freshness.ts";
import { dropEnded, endWindow } from "../model/maintenance.ts";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { Loading } from "../parts/loading.tsx";
import { Notice } from "../parts/notice.tsx";
import { Confirmation } from "./confirmation.tsx";
import { WindowForm } from "./window-form.tsx";

/** The maintenance windows of a monitor: which there are, a new one, and the end of one. */
export function MaintenanceDialog(props: {
  readonly view: LiveView;
  readonly monitor: LiveMonitor;
  readonly freshness: Freshness;
  readonly onClose: () => void;
}) {
  const { t } = useWords();
  const { monitor, view } = props;
  const windows = useWindows(view.instanceId, monitor.id);
  const { answer } = windows;
  return (
    <Confirmation
      title={t("window.title", { name: monitor.name })}
      onClose={props.onClose}
      footer={<Button onClick={props.onClose}>{t("dialog.close")}</Button>}
    >
      {isTrusted(props.freshness) ? null : <Notice tone="error" live title={t("stale.detail")} />}
      <p>{t("window.explain")}</p>
      {windows.saved === null ? null : <Saved saved={windows.saved} />}
      {answer === undefined ? <Loading /> : null}
      {answer?.ok === false ? <FailureNotice failure={answer.failure} /> : null}
      {answer?.ok === true ? (
        <>
          <WindowList
            windows={dropEnded(answer.value.windows, view.atMs)}
            nowMs={view.atMs}
            busy={windows.busy}
            onEnd={(ended) => void windows.change((all) => endWindow(all, ended))}
          />
          <WindowForm
            nowMs={view.atMs}
            windows={answer.value.windows}
            busy={windows.busy}
            onCreate={(window) => windows.change((all) => [...dropEnded(all, view.atMs), window])}
          />
        </>
      ) : null}
    </Confirmation>
  );
}

interface WindowsState {
  readonly answer: Answer<MonitorView> | undefined;
  readonly busy: boolean;
  /** What the last change came to; null before the first. */
  readonly saved: Answer<MonitorView> | null;
  /** Resolves to whether the change was made. */
  change(make: Parameters<typeof changeWindows>[2]): Promise<boolean>;
}

function useWindows(instanceId: string, monitorId: string): WindowsState {
  const client = useQueryClient();
  const queryKey = ["monitor", instanceId, monitorId];
  const { data } = useQuery({ queryKey, queryFn: () => fetchMonitor(instanceId, monitorId) });
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState<Answer<MonitorView> | null>(null);
  return {
    answer: data,
    busy,
    saved,
    change: async (make) => {
      setBusy(true);
      const answer = await changeWindows(instanceId, monitorId, make);
      if (answer.ok) client.setQueryData(queryKey, answer);
      setSaved(answer);
      setBusy(false);
      return answer.ok;
    },
  };
}

/** A change that the control plane does not work from yet comes with the reason why it waits. */
function Saved(props: { readonly saved: Answer<MonitorView> }) {
  const { t } = useWords();
  const { saved } = props;
  if (!saved.ok) return <FailureNotice failure={saved.failure} />;
  const { warnings } = saved.value;
  return (
    <Notice tone={warnings.length === 0 ? "good" : "warning"} live title={t("window.saved")}>
      {warnings.map(({ text }) => text).join(" ")}
    </Notice>
  );
}

function WindowList(props: {
  readonly windows: readonly MaintenanceWindow[];
  /** Control plane's clock, ms. */
  readonly nowMs: number;
  readonly busy: boolean;
  readonly onEnd: (window: MaintenanceWindow) => void;
}) {
  const { t, language } = useWords();
  const { windows, nowMs } = props;
  if (windows.length === 0) return <p className="muted">{t("window.none")}</p>;
  return (
    <ul className="windows" aria-label={t("window.list")}>
      {windows.map((window) => {
        const isOpen = window.fromMs <= nowMs;
        const from = formatFullMoment(window.fromMs, language);
        const until = formatFullMoment(window.untilMs, language);
        return (
          <li key={`${window.fromMs} ${window.untilMs} ${window.reason}`} className="window-row">
            <div>
              <b>{t(isOpen ? "window.is-open" : "window.is-planned")}</b> {t("window.span", { from, until })}
              <p className="muted">{window.reason}</p>
            </div>
            <Button danger={isOpen} loading={props.busy} onClick={() => props.onEnd(window)}>
              {t(isOpen ? "window.end" : "window.remove")}
            </Button>
          </li>
        );
      })}
    </ul>
  );
}
