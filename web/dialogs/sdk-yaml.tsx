import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { fetchSdkConfig } from "../api/monitors.ts";
import { useWords } from "../language/words-context.tsx";
import { listVariables } from "../model/list-variables.ts";
import { CopyBlock } from "../parts/copy-block.tsx";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { Loading } from "../parts/loading.tsx";

/** The file that applications read. */
const FILE = "evenkeel.yaml";

/** What the control plane hands out for the choices, and what is to be brought beside it. */
export function SdkYaml(props: {
  readonly instanceId: string;
  readonly monitorId: string;
  readonly query: string;
}) {
  const { instanceId, monitorId, query } = props;
  const { data } = useQuery({
    queryKey: ["sdk-config", instanceId, monitorId, query],
    queryFn: () => fetchSdkConfig(instanceId, monitorId, query),
    placeholderData: keepPreviousData,
    // What is stored may have changed since, and a YAML is taken along.
    gcTime: 0,
  });
  if (data === undefined) return <Loading />;
  if (!data.ok) return <FailureNotice failure={data.failure} />;
  return (
    <>
      <CopyBlock title={FILE} text={data.value} />
      <Variables yaml={data.value} />
    </>
  );
}

function Variables(props: { readonly yaml: string }) {
  const { t, show } = useWords();
  const variables = listVariables(props.yaml);
  if (variables.length === 0) return null;
  return (
    <section className="sdk-variables">
      <h4>{t("sdk.variables")}</h4>
      <p className="hint">{t("sdk.variables.meaning")}</p>
      <dl>
        {variables.map(({ name, fallback, meaning }) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>
              {show(meaning)}{" "}
              {fallback === undefined
                ? null
                : fallback === ""
                  ? t("sdk.variable.optional")
                  : t("sdk.variable.else", { fallback })}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
