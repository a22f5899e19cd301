import type { InstanceEvent } from "@evenkeel/contracts/event";
import { formatDuration } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";

/** How long a finished switch took applications away, as far as the control plane sees it. */
export function RecoveryTime(props: { readonly event: InstanceEvent }) {
  const { t } = useWords();
  const { rtoMs } = props.event;
  if (rtoMs === null || rtoMs === undefined) return null;
  return (
    <span className="tag recovery" title={t("event.rto.meaning")}>
      {t("event.rto", { rto: formatDuration(rtoMs) })}
    </span>
  );
}
