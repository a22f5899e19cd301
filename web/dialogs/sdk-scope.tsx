import type { LiveView } from "@evenkeel/contracts/live";
import { Input } from "antd";
import { useWords } from "../language/words-context.tsx";
import { readPrefix, type SdkReader } from "../model/sdk-choices.ts";
import { ChoiceField } from "../parts/choice-field.tsx";
import { Field } from "../parts/field.tsx";
import type { SdkState } from "./use-sdk-choices.ts";

/** Value of the choice "wherever", which is no site. */
const ANY_SITE = "";
/** Longest prefix that the API takes. */
const PREFIX_MAX = 39;

interface ReaderPart {
  readonly view: LiveView;
  readonly reader: SdkReader;
  readonly onChange: (reader: SdkReader) => void;
}

/** Asks for whom the file is: where the process runs, and whether it opens other monitors besides. */
export function ReaderFields(props: ReaderPart) {
  const { t } = useWords();
  const { reader, onChange } = props;
  return (
    <>
      <SiteField {...props} />
      <Field
        label={t("sdk.prefix")}
        hint={t("sdk.prefix.meaning")}
        render={(id) => (
          <Input
            id={id}
            value={reader.prefix}
            maxLength={PREFIX_MAX}
            onChange={(event) => onChange({ ...reader, prefix: readPrefix(event.target.value) })}
          />
        )}
      />
    </>
  );
}

function SiteField({ view, reader, onChange }: ReaderPart) {
  const { t } = useWords();
  const { site } = reader;
  return (
    <ChoiceField
      label={t("sdk.site")}
      hint={t(site === null ? "sdk.site.any.meaning" : "sdk.site.meaning")}
      value={site ?? ANY_SITE}
      options={[
        { value: ANY_SITE, label: t("sdk.site.any") },
        ...view.sites.map(({ id, name }) => ({ value: id, label: name })),
      ]}
      onChange={(value) => onChange({ ...reader, site: value === ANY_SITE ? null : value })}
    />
  );
}

/** Asks which connected database is meant. */
export function DatabaseField({ state }: { readonly state: SdkState }) {
  const { t } = useWords();
  return (
    <ChoiceField
      label={t("sdk.database")}
      value={state.choices?.database ?? ""}
      options={state.databases.map((value) => ({ value, label: value }))}
      onChange={state.chooseDatabase}
    />
  );
}
