import type { LiveView } from "@evenkeel/contracts/live";
import { useEffect } from "react";
import { useWords } from "../language/words-context.tsx";
import type { Freshness } from "../live/freshness.ts";
import { needsAttention } from "../model/filter-monitors.ts";

/**
 * Has the tab's title tell a person who looks elsewhere: how many monitors need attention, or that the line is lost.
 *
 * @param view the picture; null before the first
 * @param freshness how far it may be trusted
 */
export function useTitle(view: LiveView | null, freshness: Freshness): void {
  const { t } = useWords();
  const name = view === null ? t("app.name") : `${view.name} – ${t("app.name")}`;
  const count = view?.monitors.filter(needsAttention).length ?? 0;
  const title =
    freshness.kind === "lost"
      ? t("title.lost", { name })
      : count > 0
        ? t("title.attention", { count, name })
        : name;
  useEffect(() => {
    document.title = title;
  }, [title]);
}
