import type { LiveMonitor, LiveView, Protection } from "@evenkeel/contracts/live";
import { Button } from "antd";
import { useState } from "react";
import { useWords } from "../language/words-context.tsx";
import { nameSite } from "../model/instance-summary.ts";
import { PROTECTION_WORDS } from "../model/state-look.ts";
import { ExplanationPanel } from "./explanation.tsx";

/** What would happen if a fault came now, and why; asked for, with everything that blocks an automatic switch. */
export function ProtectionList(props: {
  readonly instanceId: string;
  readonly sites: LiveView["sites"];
  readonly monitor: LiveMonitor;
  readonly unfolded: boolean;
}) {
  const { t } = useWords();
  const { instanceId, sites, monitor, unfolded } = props;
  const [explained, setExplained] = useState(false);
  const active = monitor.dataCentres.find(({ name }) => name === monitor.active);
  const site = active === undefined ? "?" : nameSite(sites, active.site);
  return (
    <section className="protection" aria-label={t("protection.title")}>
      <h4>{t("protection.title")}</h4>
      <Row
        fault={t("protection.target", { dc: monitor.active })}
        protection={monitor.protection.targetLost}
        unfolded={unfolded}
      />
      <Row
        fault={t("protection.site", { site })}
        protection={monitor.protection.siteLost}
        unfolded={unfolded}
      />
      {unfolded ? (
        <Button
          type="link"
          size="small"
          className="explain-button"
          aria-expanded={explained}
          onClick={() => setExplained(!explained)}
        >
          {t(explained ? "explain.hide" : "explain.show")}
        </Button>
      ) : null}
      {unfolded && explained ? (
        <ExplanationPanel instanceId={instanceId} monitorId={monitor.id} sites={sites} />
      ) : null}
    </section>
  );
}

function Row(props: { readonly fault: string; readonly protection: Protection; readonly unfolded: boolean }) {
  const { t, say } = useWords();
  const { level, because } = props.protection;
  // The sentence speaks as if the fault were there; it must not be read as if it were.
  const why = t("protection.then", { sentence: say(because) });
  return (
    <p className="protection-row" title={props.unfolded ? undefined : why}>
      <span className="protection-fault">{props.fault}</span>
      <b className={`level level-${level}`}>{t(PROTECTION_WORDS[level])}</b>
      {props.unfolded ? <span className="protection-why">{why}</span> : null}
    </p>
  );
}
