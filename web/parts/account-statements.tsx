import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { useWords } from "../language/words-context.tsx";

/** The statements that make a monitor's account with the least rights, for whoever has to paste them at 3 a.m. */
export function AccountStatements(props: { readonly kind: string }) {
  const { t } = useWords();
  const account = findMonitorPlugin(props.kind)?.account;
  if (account === undefined) return null;
  return (
    <div>
      <dt>{t("account")}</dt>
      <dd>
        <details className="account">
          <summary>{t("account.title")}</summary>
          <pre>{account}</pre>
        </details>
      </dd>
    </div>
  );
}
