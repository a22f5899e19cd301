import LogoutOutlined from "@ant-design/icons/LogoutOutlined";
import { useQuery } from "@tanstack/react-query";
import { Button, Select } from "antd";
import { type ReactNode, useState } from "react";
import { fetchInstances } from "../api/instances.ts";
import { type Session, signOut } from "../api/session.ts";
import { useWords } from "../language/words-context.tsx";
import { renderHash } from "../routing/hash-route.ts";
import { goTo } from "../routing/use-route.ts";
import { Brand } from "./brand.tsx";
import { PreferenceButtons } from "./preference-buttons.tsx";

/** The bar at the top of every page: where one is, how the line is, who one is. */
export function TopBar(props: {
  readonly session: Session;
  readonly onSignedOut: () => void;
  readonly instanceId?: string;
  /** How the line to the control plane is. */
  readonly line?: ReactNode;
}) {
  return (
    <header className="top-bar">
      <Brand />
      {props.instanceId === undefined ? null : <InstanceChoice instanceId={props.instanceId} />}
      <div className="top-bar-line">{props.line}</div>
      <PreferenceButtons />
      <Person session={props.session} onSignedOut={props.onSignedOut} />
    </header>
  );
}

/** Shown only where there is a choice; without the list the page goes on with the instance that it has. */
function InstanceChoice(props: { readonly instanceId: string }) {
  const { t } = useWords();
  const { data } = useQuery({ queryKey: ["instances"], queryFn: fetchInstances });
  const items = data?.ok === true ? data.value.items : [];
  if (items.length < 2) return null;
  return (
    <Select
      aria-label={t("home.title")}
      className="instance-choice"
      value={props.instanceId}
      options={items.map(({ id, name }) => ({ value: id, label: name }))}
      onChange={(instanceId) => goTo(renderHash({ page: "instance", instanceId, monitorId: null }))}
    />
  );
}

function Person(props: { readonly session: Session; readonly onSignedOut: () => void }) {
  const { t } = useWords();
  const [failed, setFailed] = useState(false);
  const { session } = props;
  const role = session.type === "signed-in" ? t(`role.${session.who.role}`) : t("role.unknown");
  const leave = async () => {
    const answer = await signOut();
    const signedOut =
      answer.ok || (answer.failure.reason === "problem" && answer.failure.problem.status === 401);
    setFailed(!signedOut);
    if (signedOut) props.onSignedOut();
  };
  return (
    <div className="person">
      <span className="person-name">
        {session.type === "signed-in" ? session.who.name : null} <span className="muted">{role}</span>
      </span>
      {failed ? <span role="alert">{t("sign-in.out-failed")}</span> : null}
      <Button
        type="text"
        icon={<LogoutOutlined />}
        aria-label={t("sign-in.out")}
        title={t("sign-in.out")}
        onClick={() => void leave()}
      />
    </div>
  );
}
