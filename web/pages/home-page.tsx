import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useEffect } from "react";
import { fetchInstances } from "../api/instances.ts";
import type { Session } from "../api/session.ts";
import { useWords } from "../language/words-context.tsx";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { Loading } from "../parts/loading.tsx";
import { TopBar } from "../parts/top-bar.tsx";
import { renderHash } from "../routing/hash-route.ts";
import { goTo } from "../routing/use-route.ts";

/** Lists the instances; with one alone, goes there at once. */
export function HomePage(props: { readonly session: Session; readonly onSignedOut: () => void }) {
  const { t } = useWords();
  const { data: answer, refetch } = useQuery({ queryKey: ["instances"], queryFn: fetchInstances });
  const items = answer?.ok === true ? answer.value.items : null;
  const [only] = items ?? [];
  const onlyId = items?.length === 1 ? only?.id : undefined;
  useEffect(() => {
    if (onlyId === undefined) return;
    goTo(renderHash({ page: "instance", instanceId: onlyId, monitorId: null }), true);
  }, [onlyId]);
  return (
    <>
      <TopBar {...props} />
      <main className="page">
        <h1>{t("home.title")}</h1>
        {answer === undefined ? <Loading /> : null}
        {answer?.ok === false ? (
          <>
            <FailureNotice failure={answer.failure} />
            <Button onClick={() => void refetch()}>{t("home.retry")}</Button>
          </>
        ) : null}
        {items?.length === 0 ? <p>{t("home.empty")}</p> : null}
        <ul className="instances">
          {items?.map(({ id, name, description, planVersion }) => (
            <li key={id}>
              <a className="card" href={renderHash({ page: "instance", instanceId: id, monitorId: null })}>
                <strong>{name}</strong>
                <span>{description}</span>
                <span className="muted">{t("home.plan", { version: planVersion })}</span>
              </a>
            </li>
          ))}
        </ul>
      </main>
    </>
  );
}
