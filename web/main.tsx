import "./styles/base.css";
import "./styles/page.css";
import "./styles/monitor.css";
import "./styles/dialog.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { CrashGuard } from "./parts/crash-guard.tsx";
import { openChoiceStore, readPreferences } from "./preferences/preferences.ts";
import { PreferencesProvider } from "./preferences/preferences-context.tsx";

/** The Worker writes the nonce of this answer's content security policy here; unreplaced, there is no policy. */
function readNonce(): string | undefined {
  const content = document.querySelector('meta[name="csp-nonce"]')?.getAttribute("content") ?? "";
  return content === "" || content.startsWith("__") ? undefined : content;
}

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element #root");

const store = openChoiceStore(() => window.localStorage);
const preferences = readPreferences(store, {
  languages: navigator.languages,
  prefersDark: window.matchMedia("(prefers-color-scheme: dark)").matches,
});
// Answers that failed are values here, so nothing is retried behind a person's back.
const client = new QueryClient({ defaultOptions: { queries: { retry: false, networkMode: "always" } } });

createRoot(root).render(
  <PreferencesProvider initial={preferences} store={store} nonce={readNonce()}>
    <CrashGuard>
      <QueryClientProvider client={client}>
        <App />
      </QueryClientProvider>
    </CrashGuard>
  </PreferencesProvider>,
);
