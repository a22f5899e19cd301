import type { MonitorView } from "@evenkeel/contracts/api";
import type { KindSdk } from "@evenkeel/contracts/kind-sdk";
import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { Button } from "antd";
import { useState } from "react";
import type { Answer } from "../api/request.ts";
import { useWords } from "../language/words-context.tsx";
import { ANYBODY, lacksDirectory, renderQuery } from "../model/sdk-choices.ts";
import { CopyBlock } from "../parts/copy-block.tsx";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { Loading } from "../parts/loading.tsx";
import { Notice } from "../parts/notice.tsx";
import { Confirmation } from "./confirmation.tsx";
import { SdkForm } from "./sdk-form.tsx";
import { DatabaseField, ReaderFields } from "./sdk-scope.tsx";
import { SdkYaml } from "./sdk-yaml.tsx";
import { type SdkState, useSdkChoices } from "./use-sdk-choices.ts";

interface SdkDialogProps {
  readonly view: LiveView;
  readonly monitor: LiveMonitor;
  /** Whether the person may store what was chosen. */
  readonly configures: boolean;
  readonly onClose: () => void;
}

/** What an application needs to reach a monitor's servers: the configuration, what to fill in, and how to begin. */
export function SdkDialog(props: SdkDialogProps) {
  const sdk = findMonitorPlugin(props.monitor.kind)?.sdk;
  return sdk === undefined ? null : <OfKind {...props} sdk={sdk} />;
}

function OfKind(props: SdkDialogProps & { readonly sdk: KindSdk }) {
  const { t } = useWords();
  const { view, monitor, sdk, onClose } = props;
  const [reader, setReader] = useState(ANYBODY);
  const state = useSdkChoices(view.instanceId, monitor.id, sdk);
  const { answer, choices, saved } = state;
  return (
    <Confirmation
      title={t("sdk.title", { name: monitor.name })}
      onClose={onClose}
      footer={<Footer {...props} state={state} />}
    >
      <p>{t("sdk.explain")}</p>
      {answer === undefined ? <Loading /> : null}
      {answer?.ok === false ? <FailureNotice failure={answer.failure} /> : null}
      {choices === null ? null : (
        <>
          <div className="batch-scope">
            <ReaderFields view={view} reader={reader} onChange={setReader} />
            {state.databases.length > 1 ? <DatabaseField state={state} /> : null}
          </div>
          <SdkForm sdk={sdk} choices={choices} onChange={state.choose} />
          {saved === null ? null : <Saved saved={saved} />}
          {state.isChanged ? <p className="hint">{t("sdk.unsaved")}</p> : null}
          {lacksDirectory(choices) ? null : (
            <SdkYaml
              instanceId={view.instanceId}
              monitorId={monitor.id}
              query={renderQuery(choices, reader)}
            />
          )}
          <Beginning sdk={sdk} />
        </>
      )}
    </Confirmation>
  );
}

function Footer(props: SdkDialogProps & { readonly state: SdkState }) {
  const { t } = useWords();
  const { state } = props;
  const cannotSave = !state.isChanged || (state.choices !== null && lacksDirectory(state.choices));
  return (
    <>
      <Button onClick={props.onClose}>{t("dialog.close")}</Button>
      {props.configures ? (
        <Button type="primary" disabled={cannotSave} loading={state.busy} onClick={() => void state.save()}>
          {t("sdk.save")}
        </Button>
      ) : null}
    </>
  );
}

function Saved(props: { readonly saved: Answer<MonitorView> }) {
  const { t } = useWords();
  const { saved } = props;
  if (!saved.ok) return <FailureNotice failure={saved.failure} />;
  return <Notice tone="good" live title={t("sdk.saved")} />;
}

/** The first steps of an application with this kind's driver. */
function Beginning({ sdk }: { readonly sdk: KindSdk }) {
  const { t } = useWords();
  return (
    <>
      <p className="hint">{t("sdk.install.meaning")}</p>
      <CopyBlock title={t("sdk.install")} text={`npm install ../evenkeel/sdk ${sdk.driver}`} />
      <CopyBlock title={t("sdk.code")} text={sdk.code.trimEnd()} />
    </>
  );
}
