import type { TimeMark } from "@evenkeel/contracts/event";
import type { LiveView } from "@evenkeel/contracts/live";
import { formatDuration, formatOffset } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";
import { layOutTimeLine, measureSteps } from "../model/time-line.ts";

/** The marks of a switch in their order, with times from the first one and a bar that shows where time went. */
export function TimeLine(props: { readonly marks: readonly TimeMark[]; readonly sites: LiveView["sites"] }) {
  const { t } = useWords();
  const rows = layOutTimeLine(props.marks);
  const whole = rows.at(-1)?.offsetMs ?? 0;
  const name = (who: string) => props.sites.find(({ id }) => id === who)?.name ?? who;
  return (
    <div className="time-line">
      <p className="muted">{t("event.took", { whole: formatDuration(whole) })}</p>
      <Steps marks={props.marks} />
      <ol>
        {rows.map((row, index) => (
          // Marks have no id of their own, and the list of a stored event never changes its order.
          // biome-ignore lint/suspicious/noArrayIndexKey: the place in the list is the identity of a mark.
          <li key={index}>
            <span className="time-offset" title={t("time.gap", { gap: formatDuration(row.gapMs) })}>
              {formatOffset(row.offsetMs)}
            </span>
            <span className="time-track" aria-hidden="true">
              <i style={{ left: `${row.place * 100}%` }} />
            </span>
            <span className="time-words">
              <b>{t(row.mark)}</b>
              {row.who === null ? null : <span className="muted"> {name(row.who)}</span>}
              {row.words === "" ? null : <span className="time-detail">{row.words}</span>}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Steps(props: { readonly marks: readonly TimeMark[] }) {
  const { t } = useWords();
  const steps = measureSteps(props.marks);
  if (steps.length === 0) return null;
  return (
    <dl className="steps" aria-label={t("step.title")}>
      {steps.map(({ step, tookMs }) => (
        <div key={step} title={t(`step.${step}.meaning`)}>
          <dt>{t(`step.${step}`)}</dt>
          <dd>{formatDuration(tookMs)}</dd>
        </div>
      ))}
    </dl>
  );
}
