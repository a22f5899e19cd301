import type { InstanceEvent } from "@evenkeel/contracts/event";
import type { LiveView } from "@evenkeel/contracts/live";
import { Button } from "antd";
import { memo, useState } from "react";
import { fetchEvents } from "../api/instances.ts";
import type { Failure } from "../api/request.ts";
import { formatFullMoment, formatMoment } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";
import { renderHash } from "../routing/hash-route.ts";
import { FailureNotice } from "./failure-notice.tsx";
import { RecoveryTime } from "./recovery-time.tsx";
import { TimeLine } from "./time-line.tsx";

/** Rows need the present only to know whether a date is to be shown. */
const MINUTE_MS = 60_000;

/** The latest events, newest first; those of a switch unfold into its time line. */
export function EventList(props: {
  readonly view: LiveView;
  /** Only this monitor's events; null: all. */
  readonly monitorId: string | null;
}) {
  const { t } = useWords();
  const { view, monitorId } = props;
  const [older, setOlder] = useState<readonly InstanceEvent[]>([]);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [complete, setComplete] = useState(false);
  const shown = mergeEvents(view.events, older).filter(
    (event) => monitorId === null || event.monitorId === monitorId,
  );
  const load = async () => {
    const answer = await fetchEvents(view.instanceId, monitorId);
    setFailure(answer.ok ? null : answer.failure);
    setComplete(answer.ok);
    if (answer.ok) setOlder(answer.value.items);
  };
  return (
    <section className="events" aria-label={t("events.title")}>
      <h2>{t("events.title")}</h2>
      {shown.length === 0 ? <p className="muted">{t("events.none")}</p> : null}
      <ol>
        {shown.map((event) => (
          <EventRow
            key={event.id}
            instanceId={view.instanceId}
            sites={view.sites}
            monitorName={view.monitors.find(({ id }) => id === event.monitorId)?.name}
            nowMs={Math.floor(view.atMs / MINUTE_MS) * MINUTE_MS}
            event={event}
          />
        ))}
      </ol>
      {failure === null ? null : <FailureNotice failure={failure} />}
      {complete ? null : <Button onClick={() => void load()}>{t("events.older")}</Button>}
    </section>
  );
}

/** The live picture's events come first, for they are newer than what was loaded. */
function mergeEvents(live: readonly InstanceEvent[], older: readonly InstanceEvent[]): InstanceEvent[] {
  const known = new Set(live.map(({ id }) => id));
  return [...live, ...older.filter(({ id }) => !known.has(id))];
}

const EventRow = memo(function EventRow(props: {
  readonly instanceId: string;
  readonly sites: LiveView["sites"];
  /** Undefined if the monitor is gone. */
  readonly monitorName: string | undefined;
  /** The present to the minute, control plane's clock, ms. */
  readonly nowMs: number;
  readonly event: InstanceEvent;
}) {
  const { t, say, language } = useWords();
  const { event } = props;
  const [open, setOpen] = useState(false);
  const address = renderHash({ page: "event", instanceId: props.instanceId, eventId: event.id });
  return (
    <li className={`event level-${event.level}`}>
      <time dateTime={new Date(event.atMs).toISOString()} title={formatFullMoment(event.atMs, language)}>
        {formatMoment(event.atMs, props.nowMs, language)}
      </time>
      <span className={`event-level event-level-${event.level}`}>{t(`level.${event.level}`)}</span>
      <div className="event-body">
        <p>
          {event.monitorId === null ? null : <b>{props.monitorName ?? t("events.monitor-gone")} </b>}
          <span className="muted">{t(`event-type.${event.type}`)}</span>
        </p>
        <p>
          <a href={address} title={t("events.open")}>
            {say(event.because)}
          </a>{" "}
          <RecoveryTime event={event} />
        </p>
        {event.timeLine.length === 0 ? null : (
          <Button type="link" size="small" aria-expanded={open} onClick={() => setOpen(!open)}>
            {t("events.time-line")}
          </Button>
        )}
        {open ? <TimeLine marks={event.timeLine} sites={props.sites} /> : null}
      </div>
    </li>
  );
});
