import ToolFilled from "@ant-design/icons/ToolFilled";
import type { LiveMonitor } from "@evenkeel/contracts/live";
import { formatFullMoment } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";

/** The maintenance window that is open now: why nothing would switch by itself, and until when. */
export function OpenWindow(props: { readonly monitor: LiveMonitor }) {
  const { t, language } = useWords();
  const { window } = props.monitor;
  if (window === null) return null;
  return (
    <p className="mark mark-window">
      <ToolFilled aria-hidden /> {t("window.open", { until: formatFullMoment(window.untilMs, language) })}
      <span className="window-reason">{window.reason}</span>
    </p>
  );
}
