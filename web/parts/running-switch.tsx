import SyncOutlined from "@ant-design/icons/SyncOutlined";
import type { LiveMonitor } from "@evenkeel/contracts/live";
import { formatDuration } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";
import { findStepWords, isPrecheck } from "../model/state-look.ts";

/** A switch that is running: its step, for how long, and which stores it waits for. */
export function RunningSwitch(props: { readonly monitor: LiveMonitor }) {
  const { t } = useWords();
  const { switching } = props.monitor;
  if (switching === null) return null;
  const { to, step, epoch, sinceMs } = switching;
  const { owedStores } = props.monitor;
  const words = findStepWords(step);
  return (
    <p className="switching" role="status">
      <SyncOutlined spin aria-hidden />
      <b>
        {t(isPrecheck(step) ? "monitor.prechecking" : "monitor.switching", {
          to,
          step: words === null ? step : t(words),
        })}
      </b>
      {epoch === 0 ? null : <span>{t("monitor.switching-epoch", { epoch })}</span>}
      <span>{formatDuration(sinceMs)}</span>
      {owedStores.length === 0 ? null : (
        <span>{t("monitor.switching-owed", { stores: owedStores.join(", ") })}</span>
      )}
    </p>
  );
}
