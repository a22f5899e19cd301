import { useWords } from "../language/words-context.tsx";
import type { Freshness } from "../live/freshness.ts";

/** How the line to the control plane is, in a word. */
export function LinePill(props: { readonly freshness: Freshness }) {
  const { t } = useWords();
  const { kind } = props.freshness;
  const title = kind === "live" || kind === "polling" ? t(`line.${kind}.meaning`) : undefined;
  return (
    <span className={`line line-${kind}`} title={title}>
      <i aria-hidden="true" />
      {t(`line.${kind}`)}
    </span>
  );
}
