import { Checkbox, Input, Radio } from "antd";
import { useWords } from "../language/words-context.tsx";
import { Field } from "../parts/field.tsx";
import { Notice } from "../parts/notice.tsx";
import type { BatchMode } from "./use-batch.ts";

/** Longest reason that the API takes. */
const REASON_MAX = 500;
/** Blocked monitors that are named at once; the rest stands in the list. */
const NAMED_MAX = 5;
const MODES: readonly BatchMode[] = ["all-or-none", "skip", "force"];

/** How a person wants blockers to be treated, and why. */
export interface BatchTerms {
  readonly mode: BatchMode;
  readonly ticked: boolean;
  readonly reason: string;
}

/** All or none, without force or reason. */
export const PLAIN_TERMS: BatchTerms = { mode: "all-or-none", ticked: false, reason: "" };

/**
 * Whether a batch may be sent on these terms: force takes an explicit tick and a reason.
 *
 * @param terms the terms
 */
export function areComplete(terms: BatchTerms): boolean {
  return terms.mode !== "force" || (terms.ticked && terms.reason.trim() !== "");
}

/** Says which monitors stand in the way, and what that means for the others. */
export function BatchBlocked(props: { readonly blocked: readonly string[]; readonly mode: BatchMode }) {
  const { t } = useWords();
  const { blocked, mode } = props;
  if (blocked.length === 0) return null;
  const more = blocked.length > NAMED_MAX ? " …" : "";
  const names = blocked.slice(0, NAMED_MAX).join(", ") + more;
  return (
    <Notice tone="warning" title={t("batch.blocked", { count: blocked.length, names })}>
      {t(`batch.blocked.${mode}`)}
    </Notice>
  );
}

/** Asks what is to become of monitors that are blocked. */
export function BatchModeChoice(props: {
  readonly terms: BatchTerms;
  readonly onChange: (terms: BatchTerms) => void;
}) {
  const { t } = useWords();
  const { terms, onChange } = props;
  const { mode, ticked, reason } = terms;
  const forced = mode === "force";
  return (
    <>
      <div className={forced ? "force force-on" : "force"}>
        <h4>{t("batch.mode")}</h4>
        <Radio.Group
          className="batch-modes"
          aria-label={t("batch.mode")}
          value={mode}
          options={MODES.map((value) => ({ value, label: t(`batch.mode.${value}`) }))}
          onChange={(event) => onChange({ ...terms, mode: event.target.value as BatchMode, ticked: false })}
        />
        {forced ? (
          <ForceTick ticked={ticked} onTick={(next) => onChange({ ...terms, ticked: next })} />
        ) : null}
      </div>
      <Field
        label={t(forced ? "dialog.reason" : "dialog.reason-optional")}
        render={(id) => (
          <Input
            id={id}
            value={reason}
            maxLength={REASON_MAX}
            required={forced}
            onChange={(event) => onChange({ ...terms, reason: event.target.value })}
          />
        )}
      />
    </>
  );
}

function ForceTick(props: { readonly ticked: boolean; readonly onTick: (ticked: boolean) => void }) {
  const { t } = useWords();
  return (
    <>
      <p>{t("dialog.force-explain")}</p>
      <Checkbox checked={props.ticked} onChange={(event) => props.onTick(event.target.checked)}>
        {t("batch.force-tick")}
      </Checkbox>
    </>
  );
}
