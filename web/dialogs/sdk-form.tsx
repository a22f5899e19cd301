import type { KindSdk } from "@evenkeel/contracts/kind-sdk";
import { writesDoubly } from "@evenkeel/contracts/sdk-config";
import { Checkbox, InputNumber } from "antd";
import { useWords } from "../language/words-context.tsx";
import { readsBeside, type SdkChoices } from "../model/sdk-choices.ts";
import { ChoiceField } from "../parts/choice-field.tsx";
import { Field } from "../parts/field.tsx";
import { SdkQueue } from "./sdk-queue.tsx";

/** Bounds of the API, in milliseconds. */
const STALENESS_MS = { min: 500, max: 86_400_000 };
const HOLD_MS = { min: 0, max: 60_000 };
const BALANCES = ["round-robin", "random"] as const;

/** What a part of the form shows and changes. */
export interface SdkFormPart {
  readonly sdk: KindSdk;
  readonly choices: SdkChoices;
  readonly onChange: (choices: SdkChoices) => void;
}

/** Asks how the SDK uses a connected database; what the kind is not served is not asked. */
export function SdkForm(props: SdkFormPart) {
  const { sdk, choices } = props;
  return (
    <>
      <div className="batch-scope">
        {sdk.algorithms.length > 1 ? <AlgorithmField {...props} /> : null}
        {sdk.measuresStaleness && readsBeside(choices) ? <StalenessField {...props} /> : null}
        <HoldField {...props} />
      </div>
      {sdk.readsReplicas ? <ReplicaFields {...props} /> : null}
      {writesDoubly(choices.algorithm) ? <SdkQueue {...props} /> : null}
    </>
  );
}

function AlgorithmField({ sdk, choices, onChange }: SdkFormPart) {
  const { t } = useWords();
  return (
    <ChoiceField
      label={t("sdk.algorithm")}
      hint={t(`sdk.algorithm.${choices.algorithm}.meaning`)}
      value={choices.algorithm}
      options={sdk.algorithms.map((value) => ({ value, label: t(`sdk.algorithm.${value}`) }))}
      onChange={(algorithm) => onChange({ ...choices, algorithm })}
    />
  );
}

function StalenessField({ choices, onChange }: SdkFormPart) {
  const { t } = useWords();
  return (
    <Field
      label={t("sdk.staleness")}
      hint={t("sdk.staleness.meaning")}
      render={(id) => (
        <InputNumber
          {...STALENESS_MS}
          id={id}
          value={choices.maxStalenessMs}
          precision={0}
          onChange={(maxStalenessMs) => onChange({ ...choices, maxStalenessMs })}
        />
      )}
    />
  );
}

function HoldField({ choices, onChange }: SdkFormPart) {
  const { t } = useWords();
  return (
    <Field
      label={t("sdk.hold")}
      hint={t("sdk.hold.meaning")}
      render={(id) => (
        <InputNumber
          {...HOLD_MS}
          id={id}
          value={choices.holdMs}
          precision={0}
          onChange={(holdMs) => onChange({ ...choices, holdMs: holdMs ?? 0 })}
        />
      )}
    />
  );
}

function ReplicaFields({ choices, onChange }: SdkFormPart) {
  const { t } = useWords();
  const { readReplicas, loadBalance } = choices;
  return (
    <div className="batch-scope">
      <Checkbox
        checked={readReplicas}
        onChange={(event) => onChange({ ...choices, readReplicas: event.target.checked })}
      >
        {t("sdk.replicas")}
      </Checkbox>
      {readReplicas ? (
        <ChoiceField
          label={t("sdk.balance")}
          value={loadBalance}
          options={BALANCES.map((value) => ({ value, label: t(`sdk.balance.${value}`) }))}
          onChange={(value) => onChange({ ...choices, loadBalance: value })}
        />
      ) : null}
    </div>
  );
}
