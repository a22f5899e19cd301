import { useEffect, useRef, useState } from "react";
import type { Failure } from "../api/request.ts";
import { redeemCode, type Who } from "../api/session.ts";
import { useWords } from "../language/words-context.tsx";
import { Door } from "../parts/door.tsx";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { Notice } from "../parts/notice.tsx";
import { SignInPage } from "./sign-in-page.tsx";

/** Signs in with a one-time link; if that fails, with name and password. */
export function RedeemPage(props: { readonly code: string; readonly onEnter: (who: Who) => void }) {
  const { t } = useWords();
  const { code, onEnter } = props;
  const [failure, setFailure] = useState<Failure | null>(null);
  // A code works once, so it must be sent once whatever React renders again.
  const sent = useRef<string | null>(null);
  useEffect(() => {
    if (sent.current === code) return;
    sent.current = code;
    redeemCode(code).then(
      (answer) => (answer.ok ? onEnter(answer.value) : setFailure(answer.failure)),
      (error: unknown) => console.error("the one-time link could not be tried", error),
    );
  }, [code, onEnter]);
  if (failure === null) {
    return (
      <Door title={t("sign-in.title")}>
        <p role="status">{t("sign-in.redeeming")}</p>
      </Door>
    );
  }
  const remark = (
    <>
      <Notice tone="warning" title={t("sign-in.link-failed")} />
      <FailureNotice failure={failure} />
    </>
  );
  return <SignInPage onEnter={onEnter} remark={remark} />;
}
