import type { BatchCommand } from "@evenkeel/contracts/command";
import type { LiveView } from "@evenkeel/contracts/live";
import { useCallback, useState } from "react";
import { type Order, sendBatch, sendOrder } from "../api/commands.ts";
import { mayConfigure, mayOperate, type Session } from "../api/session.ts";
import { BatchDialog } from "../dialogs/batch-dialog.tsx";
import { WishDialog } from "../dialogs/wish-dialog.tsx";
import { useWords } from "../language/words-context.tsx";
import { computeFreshness, type Freshness, isTrusted } from "../live/freshness.ts";
import { useClock } from "../live/use-clock.ts";
import { type Live, useLive } from "../live/use-live.ts";
import { type BatchScope, listLeavableSites } from "../model/batch.ts";
import { readBatchOutcome } from "../model/batch-outcome.ts";
import { type Outcome, readOutcome } from "../model/outcome.ts";
import { Announcer } from "../parts/announcer.tsx";
import { EventList } from "../parts/event-list.tsx";
import { InstanceHead } from "../parts/instance-head.tsx";
import { LinePill } from "../parts/line-pill.tsx";
import { Loading } from "../parts/loading.tsx";
import type { Wish } from "../parts/monitor-card.tsx";
import { MonitorList } from "../parts/monitor-list.tsx";
import { Notice } from "../parts/notice.tsx";
import { StaleBanner } from "../parts/stale-banner.tsx";
import { TopBar } from "../parts/top-bar.tsx";
import { useTitle } from "./use-title.ts";

interface InstancePageProps {
  readonly session: Session;
  readonly onSignedOut: () => void;
  readonly instanceId: string;
  /** Only this monitor; null: all. */
  readonly monitorId: string | null;
}

/** The live page of an instance: what operators look at in the night. */
export function InstancePage(props: InstancePageProps) {
  const { t } = useWords();
  const { instanceId, session } = props;
  const live = useLive(instanceId, props.onSignedOut);
  const freshness = computeFreshness(live.state, useClock());
  const { view, trouble } = live.state;
  useTitle(view, freshness);
  const hopeless = view === null && trouble !== null && trouble !== "unreadable";
  return (
    <>
      <button type="button" className="skip" onClick={skipToMonitors}>
        {t("app.skip")}
      </button>
      <TopBar {...props} line={<LinePill freshness={freshness} />} />
      <StaleBanner freshness={freshness} trouble={trouble} onRetry={live.retryNow} />
      <main className="page" data-fresh={isTrusted(freshness)} data-line={freshness.kind}>
        {session.type === "unknown" ? <Notice tone="warning" live title={t("session.unknown")} /> : null}
        {hopeless ? (
          <>
            <Notice tone="error" live title={t(`trouble.${trouble}`)} />
            <a href="#/">{t("trouble.back")}</a>
          </>
        ) : null}
        {view === null && !hopeless ? <Waiting live={live} /> : null}
        {view === null ? null : <Picture {...props} view={view} live={live} freshness={freshness} />}
      </main>
    </>
  );
}

/** The address bar belongs to the router, so the jump is made by hand. */
function skipToMonitors(): void {
  const monitors = document.getElementById("monitors");
  monitors?.scrollIntoView();
  monitors?.focus();
}

function Waiting(props: { readonly live: Live }) {
  const { t } = useWords();
  const { pollFailed, trouble } = props.live.state;
  if (trouble === "unreadable") return <Notice tone="error" live title={t("stale.unreadable")} />;
  return pollFailed ? <Notice tone="error" live title={t("failure.no-answer")} /> : <Loading />;
}

function Picture(
  props: InstancePageProps & {
    readonly view: LiveView;
    readonly live: Live;
    readonly freshness: Freshness;
  },
) {
  const { view, live, freshness, instanceId, monitorId, session } = props;
  const [wish, setWish] = useState<Wish | null>(null);
  const [scope, setScope] = useState<BatchScope | null>(null);
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const note = useCallback((id: string, outcome: Outcome | null) => {
    setOutcomes((before) => {
      const after = new Map(before);
      if (outcome === null) after.delete(id);
      else after.set(id, outcome);
      return after;
    });
  }, []);
  const send = async (order: Order): Promise<Outcome> => {
    const id = wish?.monitorId ?? "";
    const outcome = readOutcome(await sendOrder(instanceId, id, order));
    note(id, outcome);
    // The picture behind the answer must not be older than the answer.
    void live.refresh();
    return outcome;
  };
  const sendMany = async (body: BatchCommand) => {
    const outcome = readBatchOutcome(await sendBatch(instanceId, body));
    void live.refresh();
    return outcome;
  };
  const open = useCallback(
    (next: Wish) => {
      note(next.monitorId, null);
      setWish(next);
    },
    [note],
  );
  const dismiss = useCallback((id: string) => note(id, null), [note]);
  const role = session.type === "signed-in" ? session.who.role : null;
  const operates = mayOperate(role);
  const dialog = { view, freshness, refresh: live.refresh };
  const leave = (siteId: string) => setScope({ siteId, applicationId: null });
  const leavable = listLeavableSites(view);
  return (
    <>
      <Announcer view={view} lost={freshness.kind === "lost"} />
      <InstanceHead view={view} onLeave={operates && isTrusted(freshness) ? leave : null} />
      <MonitorList
        view={view}
        monitorId={monitorId}
        operates={operates}
        configures={mayConfigure(role)}
        trusted={isTrusted(freshness)}
        outcomes={outcomes}
        onWish={open}
        onDismiss={dismiss}
        onSwitchMany={operates && leavable[0] !== undefined ? leave.bind(null, leavable[0].id) : null}
      />
      <EventList key={monitorId} view={view} monitorId={monitorId} />
      {wish === null ? null : (
        <WishDialog {...dialog} wish={wish} send={send} onClose={() => setWish(null)} />
      )}
      {scope === null ? null : (
        <BatchDialog {...dialog} scope={scope} send={sendMany} onClose={() => setScope(null)} />
      )}
    </>
  );
}
