import { Button, Input } from "antd";
import { type FormEvent, useState } from "react";
import type { Failure } from "../api/request.ts";
import { setUp, type Who } from "../api/session.ts";
import { useWords } from "../language/words-context.tsx";
import { Door } from "../parts/door.tsx";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { Field } from "../parts/field.tsx";

/** Shortest password that the API takes. */
const PASSWORD_MIN = 12;

/** Creates the owner at the first start, with the token that the control plane printed. */
export function SetUpPage(props: { readonly token: string; readonly onEnter: (who: Who) => void }) {
  const { t } = useWords();
  const [token, setToken] = useState(props.token);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const answer = await setUp({ token, name, password });
    setBusy(false);
    setFailure(answer.ok ? null : answer.failure);
    if (answer.ok) props.onEnter(answer.value);
  };
  return (
    <Door title={t("set-up.title")}>
      <p>{t("set-up.explain")}</p>
      <form onSubmit={(event) => void submit(event)}>
        <Field
          label={t("set-up.token")}
          render={(id) => (
            <Input.Password
              id={id}
              value={token}
              onChange={(event) => setToken(event.target.value)}
              autoComplete="off"
              required
            />
          )}
        />
        <Field
          label={t("sign-in.name")}
          render={(id) => (
            <Input
              id={id}
              value={name}
              onChange={(event) => setName(event.target.value)}
              autoComplete="username"
              autoFocus
              required
            />
          )}
        />
        <Field
          label={t("sign-in.password")}
          hint={t("set-up.password-hint", { min: PASSWORD_MIN })}
          render={(id) => (
            <Input.Password
              id={id}
              value={password}
              onChange={(event) => setPassword(event.target.value)}
              autoComplete="new-password"
              minLength={PASSWORD_MIN}
              required
            />
          )}
        />
        {failure === null ? null : <FailureNotice failure={failure} />}
        <Button type="primary" htmlType="submit" block loading={busy}>
          {t("set-up.submit")}
        </Button>
      </form>
    </Door>
  );
}
