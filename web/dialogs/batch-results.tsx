import type { LiveView } from "@evenkeel/contracts/live";
import { useWords } from "../language/words-context.tsx";
import { type BatchOutcome, listMemberOutcomes, type MemberOutcome } from "../model/batch-outcome.ts";
import { Notice } from "../parts/notice.tsx";

const LOOKS = { moved: "fine", moving: "warns", stayed: "refuses" } as const;
/** What did not move is what a person must see first. */
const ORDER = { stayed: 0, moving: 1, moved: 2 } as const;
const TONES = { moved: "good", moving: "info", stayed: "error" } as const;

/** What came of a batch: a count, and what became of each monitor. */
export function BatchResults(props: { readonly outcome: BatchOutcome; readonly view: LiveView }) {
  const { t } = useWords();
  const { outcome, view } = props;
  if (outcome.type === "unknown") {
    return (
      <Notice tone="warning" live title={t("outcome.unknown")}>
        {t("batch.unknown.detail")}
      </Notice>
    );
  }
  if (outcome.type === "refused") {
    return (
      <Notice tone="error" live title={`${t("outcome.refused")} – ${t(`error.${outcome.code}`)}`}>
        {outcome.detail}
      </Notice>
    );
  }
  const members = listMemberOutcomes(outcome.members, view);
  const count = (fate: MemberOutcome["fate"]) => members.filter((member) => member.fate === fate).length;
  const counts = { moved: count("moved"), moving: count("moving"), stayed: count("stayed") };
  const worst = counts.stayed > 0 ? "stayed" : counts.moving > 0 ? "moving" : "moved";
  return (
    <>
      <Notice tone={TONES[worst]} live title={t("batch.summary", counts)} />
      <ul className="checks" aria-label={t("batch.results")}>
        {members
          .toSorted((a, b) => ORDER[a.fate] - ORDER[b.fate])
          .map((member) => (
            <li key={member.monitorId} className={`check check-${LOOKS[member.fate]}`}>
              <b>{t(`batch.fate.${member.fate}`)}</b> <strong>{member.name}</strong>{" "}
              <MemberWords {...member} />
            </li>
          ))}
      </ul>
    </>
  );
}

function MemberWords(props: MemberOutcome) {
  const { t, say } = useWords();
  const { outcome } = props;
  if (outcome.type === "unknown") return null;
  if (outcome.type === "refused") {
    return <span>{outcome.because === null ? outcome.detail : say(outcome.because)}</span>;
  }
  const { status, active, epoch } = outcome.result;
  return <span>{t(`outcome.${status}`, { active, epoch })}</span>;
}
