import type { LiveView } from "@evenkeel/contracts/live";
import { Button } from "antd";
import { formatDuration } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";
import { type SiteSummary, summariseInstance } from "../model/instance-summary.ts";
import { SITE_WORDS } from "../model/state-look.ts";

/** The head of the page: which instance, whether it acts, and who watches and writes for it. */
export function InstanceHead(props: {
  readonly view: LiveView;
  /** Opens the dialog that moves everything out of a site; null: the person cannot now. */
  readonly onLeave: ((siteId: string) => void) | null;
}) {
  const { t } = useWords();
  const { view } = props;
  const summary = summariseInstance(view);
  const { mode } = view.settings;
  return (
    <section className="instance-head">
      <div className="instance-name">
        <h1>{view.name}</h1>
        <span className={`mode mode-${mode}`}>
          <b>{t(`mode.${mode}`)}</b> <span>{t(`mode.${mode}.meaning`)}</span>
        </span>
        <span className="muted">{t("head.plan", { version: view.planVersion })}</span>
      </div>
      <div className="head-groups">
        <div>
          <h2>{t("head.sites")}</h2>
          <ul className="tiles">
            {summary.sites.map((site) => (
              <SiteTile key={site.id} site={site} onLeave={props.onLeave} />
            ))}
          </ul>
        </div>
        <div>
          <h2>{t("head.stores")}</h2>
          {summary.stores.length === 0 ? <p className="muted">{t("head.no-stores")}</p> : null}
          <ul className="tiles">
            {summary.stores.map(({ id, name, reachable, words }) => (
              <li key={id} className={`tile tile-${reachable ? "good" : "lost"}`}>
                <b>{name}</b>
                <span className="tile-state">
                  {t(reachable ? "head.store.reachable" : "head.store.unreachable")}
                </span>
                {reachable || words === "" ? null : <span className="tile-words">{words}</span>}
              </li>
            ))}
          </ul>
        </div>
      </div>
    </section>
  );
}

function SiteTile(props: {
  readonly site: SiteSummary;
  readonly onLeave: ((siteId: string) => void) | null;
}) {
  const { t } = useWords();
  const { site, onLeave } = props;
  const all = site.agents.length;
  return (
    <li className={`tile tile-${site.health}`}>
      <b>
        {site.name} <span className="muted">{t(`head.site.${site.kind}`)}</span>
      </b>
      <span className="tile-state">
        {all === 0 ? t("head.no-agents") : t("head.agents", { connected: site.connected, all })}
      </span>
      <Trouble site={site} />
      {site.ill === 0 ? null : <span className="tile-state">{t("head.ill", { ill: site.ill })}</span>}
      {site.agents
        .filter((agent) => !agent.connected || agent.illness !== null)
        .map((agent) => (
          <span key={agent.id} className="tile-words">
            {agent.name}: {agent.connected ? t("agent.ill", { words: agent.illness ?? "" }) : t("agent.lost")}
          </span>
        ))}
      {site.state === "lost" && site.movable > 0 ? (
        <Button
          className="leave-site"
          type="primary"
          danger
          disabled={onLeave === null}
          onClick={() => onLeave?.(site.id)}
        >
          {t("site.leave", { count: site.movable })}
        </Button>
      ) : null}
    </li>
  );
}

/** What is the matter with a site as a whole, and what its monitors would need. */
function Trouble(props: { readonly site: SiteSummary }) {
  const { t, say } = useWords();
  const { state, because, unheardForMs } = props.site;
  if (state !== "lost" && state !== "unheard") return null;
  return (
    <>
      <span className={`tile-state site-${state}`}>
        <b>{t(SITE_WORDS[state])}</b>
        {unheardForMs === null ? null : ` ${t("site.unheard-for", { for: formatDuration(unheardForMs) })}`}
      </span>
      <span className="tile-words">{say(because)}</span>
    </>
  );
}
