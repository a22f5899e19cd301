import type { Foretold, LiveView } from "@evenkeel/contracts/live";
import { useQuery } from "@tanstack/react-query";
import { fetchExplanation } from "../api/instances.ts";
import { formatDuration } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";
import { nameSite } from "../model/instance-summary.ts";
import { PROTECTION_WORDS } from "../model/state-look.ts";
import { FailureNotice } from "./failure-notice.tsx";
import { Loading } from "./loading.tsx";

/** An explanation speaks of the present, so that it is asked for again while it is open, in milliseconds. */
const REFRESH_MS = 5_000;

/** What would happen to a monitor if something died now, and everything that stands between it and an automatic switch. */
export function ExplanationPanel(props: {
  readonly instanceId: string;
  readonly monitorId: string;
  readonly sites: LiveView["sites"];
}) {
  const { t } = useWords();
  const { instanceId, monitorId, sites } = props;
  const { data } = useQuery({
    queryKey: ["explanation", instanceId, monitorId],
    queryFn: () => fetchExplanation(instanceId, monitorId),
    refetchInterval: REFRESH_MS,
  });
  if (data === undefined) return <Loading />;
  if (!data.ok) return <FailureNotice failure={data.failure} />;
  return (
    <section className="explanation" aria-label={t("explain.title")}>
      {data.value.foretold.map((foretold) => (
        <Imagined key={foretold.fault} foretold={foretold} sites={sites} />
      ))}
    </section>
  );
}

function Imagined(props: { readonly foretold: Foretold; readonly sites: LiveView["sites"] }) {
  const { t, say } = useWords();
  const { fault, lost, level, to, because, blockers, decidesInMs } = props.foretold;
  const title =
    fault === "target-lost"
      ? t("explain.target-lost", { dc: lost })
      : t("explain.site-lost", { site: nameSite(props.sites, lost) });
  return (
    <article className={`foretold foretold-${level}`}>
      <h5>
        {title} <b className={`level level-${level}`}>{t(PROTECTION_WORDS[level])}</b>
      </h5>
      <p>{t("protection.then", { sentence: say(because) })}</p>
      {to !== null && decidesInMs !== null && level === "automatic" ? (
        <p>{t("explain.decides", { to, after: formatDuration(decidesInMs) })}</p>
      ) : null}
      {to !== null && level === "one-click" ? <p>{t("explain.one-click", { to })}</p> : null}
      {blockers.length === 0 ? (
        <p className="explain-free">{t("explain.no-blockers")}</p>
      ) : (
        <>
          <h6>{t("explain.blockers")}</h6>
          <ol>
            {blockers.map((blocker) => (
              <li key={`${blocker.id} ${blocker.text}`}>
                {say(blocker)} <code className="muted">{blocker.id}</code>
              </li>
            ))}
          </ol>
        </>
      )}
    </article>
  );
}
