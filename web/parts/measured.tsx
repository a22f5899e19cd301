import type { LiveDataCentre } from "@evenkeel/contracts/live";
import { formatDuration } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";

/** What was found out of a data centre beyond its verdict: each of its addresses, and what heartbeats say. */
export function Measured({ dataCentre }: { readonly dataCentre: LiveDataCentre }) {
  const { t } = useWords();
  const { parts, heartbeat } = dataCentre;
  return (
    <>
      {parts === null || parts === undefined ? null : (
        <div>
          <dt>{t("dc.parts")}</dt>
          <dd>
            {parts.map(({ address, verdict, words }) => (
              <div key={address} className={`part part-${verdict}`}>
                <code>{address}</code> {words}
              </div>
            ))}
          </dd>
        </div>
      )}
      {heartbeat === null || heartbeat === undefined ? null : (
        <div>
          <dt>{t("dc.heartbeat")}</dt>
          <dd>
            <HeartbeatWords heartbeat={heartbeat} />
          </dd>
        </div>
      )}
    </>
  );
}

function HeartbeatWords({ heartbeat }: { readonly heartbeat: NonNullable<LiveDataCentre["heartbeat"]> }) {
  const { t } = useWords();
  const { writable, words, advice, rpoMs } = heartbeat;
  if (writable === true) return <span>{t("dc.heartbeat.taken")}</span>;
  if (rpoMs !== null) return <span>{t("dc.heartbeat.rpo", { age: formatDuration(rpoMs) })}</span>;
  if (words === undefined) return <span className="muted">{t("dc.heartbeat.unknown")}</span>;
  const said = advice === undefined ? words : `${words}. ${advice}`;
  return (
    <span>{t(writable === false ? "dc.heartbeat.refused" : "dc.heartbeat.failed", { words: said })}</span>
  );
}
