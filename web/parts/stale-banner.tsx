import { Button } from "antd";
import { formatDuration } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";
import type { Freshness } from "../live/freshness.ts";
import type { Trouble } from "../live/live-line.ts";

/** Ages are shown in whole seconds. */
const SECOND_MS = 1_000;

/** What to say of the cause; with none the line is expected to come back by itself. */
const DETAILS = {
  none: "stale.detail",
  unreadable: "stale.unreadable",
  gone: "trouble.gone",
  forbidden: "trouble.forbidden",
} as const;

/** Says above everything else that what is on the screen is old. */
export function StaleBanner(props: {
  readonly freshness: Freshness;
  readonly trouble: Trouble | null;
  readonly onRetry: () => void;
}) {
  const { t } = useWords();
  const { freshness, trouble } = props;
  if (freshness.kind !== "lost") return null;
  const age = formatDuration(Math.max(SECOND_MS, Math.round(freshness.ageMs / SECOND_MS) * SECOND_MS));
  return (
    <div className="stale-banner">
      <div>
        <strong>{t("stale.title", { age: age.replace(".0", "") })}</strong>
        <p>{t(DETAILS[trouble ?? "none"])}</p>
      </div>
      <Button onClick={trouble === "unreadable" ? () => window.location.reload() : props.onRetry}>
        {t(trouble === "unreadable" ? "app.reload" : "stale.retry")}
      </Button>
    </div>
  );
}
