import { Button, Input } from "antd";
import { type FormEvent, type ReactNode, useState } from "react";
import type { Failure } from "../api/request.ts";
import { signIn, type Who } from "../api/session.ts";
import { useWords } from "../language/words-context.tsx";
import { Door } from "../parts/door.tsx";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { Field } from "../parts/field.tsx";

/** Signs in with name and password. The address bar stays, so a link that was followed leads on after the sign-in. */
export function SignInPage(props: {
  readonly onEnter: (who: Who) => void;
  /** What to say first. */
  readonly remark?: ReactNode;
}) {
  const { t } = useWords();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const answer = await signIn({ name, password });
    setBusy(false);
    setFailure(answer.ok ? null : answer.failure);
    if (answer.ok) props.onEnter(answer.value);
  };
  return (
    <Door title={t("sign-in.title")}>
      {props.remark}
      <form onSubmit={(event) => void submit(event)}>
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
          render={(id) => (
            <Input.Password
              id={id}
              value={password}
              onChange={(event) => setPassword(event.target.value)}
              autoComplete="current-password"
              required
            />
          )}
        />
        {failure === null ? null : <FailureNotice failure={failure} />}
        <Button type="primary" htmlType="submit" block loading={busy}>
          {t("sign-in.submit")}
        </Button>
      </form>
    </Door>
  );
}
