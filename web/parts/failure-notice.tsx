import type { Failure } from "../api/request.ts";
import { useWords } from "../language/words-context.tsx";
import { Notice } from "./notice.tsx";

/** Says why a request failed: the title in the reader's language, the particulars as the control plane wrote them. */
export function FailureNotice(props: { readonly failure: Failure }) {
  const { t } = useWords();
  const { failure } = props;
  if (failure.reason === "no-answer") return <Notice tone="error" live title={t("failure.no-answer")} />;
  if (failure.reason === "unreadable") {
    return <Notice tone="error" live title={t("failure.unreadable", { status: failure.status })} />;
  }
  return (
    <Notice tone="error" live title={t(`error.${failure.problem.code}`)}>
      {failure.problem.detail}
    </Notice>
  );
}
