import { Input } from "antd";
import { useWords } from "../language/words-context.tsx";
import { lacksDirectory } from "../model/sdk-choices.ts";
import { ChoiceField } from "../parts/choice-field.tsx";
import { Field } from "../parts/field.tsx";
import type { SdkFormPart } from "./sdk-form.tsx";

/** Longest path that the API takes. */
const DIRECTORY_MAX = 4096;
const QUEUES = ["memory", "disk"] as const;
const OVERFLOWS = ["drop-oldest", "refuse-writes"] as const;

/** Asks how copies wait for the other data centres. */
export function SdkQueue({ choices, onChange }: SdkFormPart) {
  const { t } = useWords();
  const { queue = "memory", overflow = "drop-oldest", directory = "" } = choices.copies ?? {};
  const change = (part: typeof choices.copies) =>
    onChange({ ...choices, copies: { ...choices.copies, ...part } });
  return (
    <div className="batch-scope">
      <ChoiceField
        label={t("sdk.queue")}
        value={queue}
        options={QUEUES.map((value) => ({ value, label: t(`sdk.queue.${value}`) }))}
        onChange={(value) => change({ queue: value })}
      />
      <ChoiceField
        label={t("sdk.overflow")}
        value={overflow}
        options={OVERFLOWS.map((value) => ({ value, label: t(`sdk.overflow.${value}`) }))}
        onChange={(value) => change({ overflow: value })}
      />
      {queue === "memory" ? null : (
        <Field
          label={t("sdk.directory")}
          hint={t(lacksDirectory(choices) ? "sdk.directory.missing" : "sdk.directory.meaning")}
          render={(id) => (
            <Input
              id={id}
              value={directory}
              maxLength={DIRECTORY_MAX}
              required
              onChange={(event) => change({ directory: event.target.value })}
            />
          )}
        />
      )}
    </div>
  );
}
