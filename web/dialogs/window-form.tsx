import type { MaintenanceWindow } from "@evenkeel/contracts/plan";
import { Button, Input, Radio, Select } from "antd";
import { useState } from "react";
import { formatDuration } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";
import { draftWindow, LENGTHS_MS, NEW_WINDOW, type WindowDraft } from "../model/maintenance.ts";
import { Field } from "../parts/field.tsx";

/** Longest reason that the API takes. */
const REASON_MAX = 500;

/** Asks for a new maintenance window: from when, how long, why. */
export function WindowForm(props: {
  /** Control plane's clock, ms. */
  readonly nowMs: number;
  readonly windows: readonly MaintenanceWindow[];
  readonly busy: boolean;
  /** Resolves to whether it was stored. */
  readonly onCreate: (window: MaintenanceWindow) => Promise<boolean>;
}) {
  const { t } = useWords();
  const [draft, setDraft] = useState<WindowDraft>(NEW_WINDOW);
  const drafted = draftWindow(draft, props.nowMs, props.windows);
  const create = async () => {
    if ("window" in drafted && (await props.onCreate(drafted.window))) setDraft(NEW_WINDOW);
  };
  return (
    <section className="window-form" aria-label={t("window.new")}>
      <h4>{t("window.new")}</h4>
      <div className="batch-scope">
        <Beginning draft={draft} onChange={setDraft} />
        <LengthField draft={draft} onChange={setDraft} />
      </div>
      <ReasonField draft={draft} onChange={setDraft} />
      <div className="window-create">
        {"wrong" in drafted ? <span className="hint">{t(drafted.wrong, drafted.values)}</span> : null}
        <Button
          type="primary"
          disabled={"wrong" in drafted}
          loading={props.busy}
          onClick={() => void create()}
        >
          {t(draft.beginsAt === null ? "window.begin" : "window.plan")}
        </Button>
      </div>
    </section>
  );
}

interface DraftPart {
  readonly draft: WindowDraft;
  readonly onChange: (draft: WindowDraft) => void;
}

function Beginning(props: DraftPart) {
  const { t } = useWords();
  const { draft, onChange } = props;
  return (
    <div className="window-begins">
      <Radio.Group
        aria-label={t("window.begins")}
        value={draft.beginsAt === null ? "now" : "later"}
        options={[
          { value: "now", label: t("window.begins-now") },
          { value: "later", label: t("window.begins-later") },
        ]}
        onChange={(event) => onChange({ ...draft, beginsAt: event.target.value === "now" ? null : "" })}
      />
      {draft.beginsAt === null ? null : (
        <Field
          label={t("window.begins-at")}
          render={(id) => (
            <Input
              id={id}
              type="datetime-local"
              value={draft.beginsAt ?? ""}
              onChange={(event) => onChange({ ...draft, beginsAt: event.target.value })}
            />
          )}
        />
      )}
    </div>
  );
}

function LengthField(props: DraftPart) {
  const { t } = useWords();
  const { draft, onChange } = props;
  return (
    <Field
      label={t("window.length")}
      render={(id) => (
        <Select
          id={id}
          value={draft.lengthMs}
          options={LENGTHS_MS.map((value) => ({ value, label: formatDuration(value) }))}
          onChange={(lengthMs) => onChange({ ...draft, lengthMs })}
        />
      )}
    />
  );
}

function ReasonField(props: DraftPart) {
  const { t } = useWords();
  const { draft, onChange } = props;
  return (
    <Field
      label={t("window.reason")}
      render={(id) => (
        <Input
          id={id}
          value={draft.reason}
          maxLength={REASON_MAX}
          required
          onChange={(event) => onChange({ ...draft, reason: event.target.value })}
        />
      )}
    />
  );
}
