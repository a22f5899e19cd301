import SyncOutlined from "@ant-design/icons/SyncOutlined";
import WarningFilled from "@ant-design/icons/WarningFilled";
import type { LiveMonitor } from "@evenkeel/contracts/live";
import { formatDuration } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";
import { findKindWords, findStepWords, isPrecheck } from "../model/state-look.ts";

/** A switch that is running: who wanted it, its step, for how long, and which stores it waits for or still owes. */
export function RunningSwitch(props: { readonly monitor: LiveMonitor }) {
  const { t } = useWords();
  const { switching } = props.monitor;
  const { owedStores } = props.monitor;
  if (switching === null) return owedStores.length === 0 ? null : <Owed stores={owedStores} />;
  const { to, step, epoch, sinceMs, kind } = switching;
  const kindWords = findKindWords(kind);
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
      <span className="tag">{kindWords === null ? kind : t(kindWords)}</span>
      {epoch === 0 ? null : <span>{t("monitor.switching-epoch", { epoch })}</span>}
      <span>{formatDuration(sinceMs)}</span>
      {owedStores.length === 0 ? null : (
        <span>{t("monitor.switching-owed", { stores: owedStores.join(", ") })}</span>
      )}
    </p>
  );
}

/** A route that some store does not have yet: applications that follow that store go on with the one before. */
function Owed(props: { readonly stores: readonly string[] }) {
  const { t } = useWords();
  return (
    <p className="mark">
      <WarningFilled aria-hidden /> {t("monitor.owed", { stores: props.stores.join(", ") })}
    </p>
  );
}

/** Processes that still follow an older route: the switch has not arrived everywhere. */
export function Behind(props: { readonly monitor: LiveMonitor }) {
  const { t } = useWords();
  const { processes, switching } = props.monitor;
  if (processes == null || switching !== null || processes.following === processes.total) return null;
  const { total, following } = processes;
  return (
    <p className="mark">
      <WarningFilled aria-hidden /> {t("monitor.behind", { behind: total - following, total })}
    </p>
  );
}
