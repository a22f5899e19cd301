import { useWords } from "../language/words-context.tsx";
import type { SwitchCheck } from "../model/check-switch.ts";

/** What a switch would meet, the refusals first. */
export function CheckList(props: { readonly checks: readonly SwitchCheck[] }) {
  const { t } = useWords();
  return (
    <section aria-label={t("dialog.checks")}>
      <h4>{t("dialog.checks")}</h4>
      <CheckItems checks={props.checks} />
    </section>
  );
}

/** The checks alone. */
export function CheckItems(props: { readonly checks: readonly SwitchCheck[] }) {
  const words = useWords();
  return (
    <ul className="checks">
      {props.checks.map(({ level, message, state, words: judgement }) => {
        const filled = { ...message.values, ...(state === undefined ? {} : { state: words.show(state) }) };
        return (
          <li key={message.id} className={`check check-${level}`}>
            <b>{words.t(`check.${level}`)}</b> <span>{words.t(message.id, filled)}</span>
            {judgement === undefined || judgement === "" ? null : <code>{judgement}</code>}
          </li>
        );
      })}
    </ul>
  );
}
