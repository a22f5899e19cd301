import type { InstanceEvent } from "@evenkeel/contracts/event";
import type { LiveView } from "@evenkeel/contracts/live";
import { useQuery } from "@tanstack/react-query";
import { fetchEvents, fetchLive } from "../api/instances.ts";
import type { Session } from "../api/session.ts";
import { formatFullMoment } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { Loading } from "../parts/loading.tsx";
import { RecoveryTime } from "../parts/recovery-time.tsx";
import { TimeLine } from "../parts/time-line.tsx";
import { TopBar } from "../parts/top-bar.tsx";
import { renderHash } from "../routing/hash-route.ts";

/** One event with its time line. It has happened, so nothing here is live. */
export function EventPage(props: {
  readonly session: Session;
  readonly onSignedOut: () => void;
  readonly instanceId: string;
  readonly eventId: string;
}) {
  const { t } = useWords();
  const { instanceId, eventId } = props;
  const { data } = useQuery({
    queryKey: ["event", instanceId, eventId],
    queryFn: async () => {
      const [live, events] = await Promise.all([fetchLive(instanceId), fetchEvents(instanceId, null)]);
      return { live, events };
    },
  });
  const view = data?.live.ok === true ? data.live.value : null;
  const stored = data?.events.ok === true ? data.events.value.items : [];
  const event = [...(view?.events ?? []), ...stored].find(({ id }) => id === eventId);
  const failure = data?.events.ok === false ? data.events.failure : null;
  return (
    <>
      <TopBar {...props} />
      <main className="page">
        <p>
          <a href={renderHash({ page: "instance", instanceId, monitorId: null })}>{t("event.back")}</a>
        </p>
        {data === undefined ? <Loading /> : null}
        {data !== undefined && event === undefined && failure !== null ? (
          <FailureNotice failure={failure} />
        ) : null}
        {data !== undefined && event === undefined && failure === null ? <p>{t("event.not-found")}</p> : null}
        {event === undefined ? null : <EventDetail event={event} view={view} />}
      </main>
    </>
  );
}

function EventDetail(props: { readonly event: InstanceEvent; readonly view: LiveView | null }) {
  const { t, say, language } = useWords();
  const { event, view } = props;
  const monitor = view?.monitors.find(({ id }) => id === event.monitorId);
  const facts = [
    [t("event.at"), formatFullMoment(event.atMs, language)],
    [t("event.type"), t(`event-type.${event.type}`)],
    [t("event.monitor"), event.monitorId === null ? null : (monitor?.name ?? event.monitorId)],
    [t("event.epoch"), event.epoch],
    [t("event.rule"), event.because.id],
    [t("event.decision"), event.decision],
  ] as const;
  return (
    <article className="card event-detail">
      <span className={`event-level event-level-${event.level}`}>{t(`level.${event.level}`)}</span>
      <h1>{say(event.because)}</h1>
      <dl className="particulars">
        {facts.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      <h2>
        {t("events.time-line")} <RecoveryTime event={event} />
      </h2>
      {event.timeLine.length === 0 ? (
        <p className="muted">{t("event.no-time-line")}</p>
      ) : (
        <TimeLine marks={event.timeLine} sites={view?.sites ?? []} />
      )}
    </article>
  );
}
