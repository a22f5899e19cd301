import type { LiveView } from "@evenkeel/contracts/live";
import { useWords } from "../language/words-context.tsx";
import { ChoiceField } from "../parts/choice-field.tsx";
import type { SdkState } from "./use-sdk-choices.ts";

/** Value of the choice "wherever", which is no site. */
const ANY_SITE = "";

/** Asks where the process runs. */
export function SiteField(props: {
  readonly view: LiveView;
  readonly site: string | null;
  readonly onChange: (site: string | null) => void;
}) {
  const { t } = useWords();
  const { site, view } = props;
  return (
    <ChoiceField
      label={t("sdk.site")}
      hint={t(site === null ? "sdk.site.any.meaning" : "sdk.site.meaning")}
      value={site ?? ANY_SITE}
      options={[
        { value: ANY_SITE, label: t("sdk.site.any") },
        ...view.sites.map(({ id, name }) => ({ value: id, label: name })),
      ]}
      onChange={(value) => props.onChange(value === ANY_SITE ? null : value)}
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
