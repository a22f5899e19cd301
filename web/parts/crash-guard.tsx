import { Button } from "antd";
import { Component, type ErrorInfo, type ReactNode } from "react";
import { useWords } from "../language/words-context.tsx";

/** Shows that the console failed instead of a blank page; React offers this to classes only. */
export class CrashGuard extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override readonly state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo) {
    console.error("the console failed", error, info.componentStack);
  }

  override render() {
    return this.state.failed ? <Crashed /> : this.props.children;
  }
}

function Crashed() {
  const { t } = useWords();
  return (
    <main className="narrow" role="alert">
      <p>{t("app.failed")}</p>
      <Button type="primary" onClick={() => window.location.reload()}>
        {t("app.reload")}
      </Button>
    </main>
  );
}
