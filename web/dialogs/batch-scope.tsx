import type { LiveView } from "@evenkeel/contracts/live";
import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { fetchApplications } from "../api/instances.ts";
import { useWords } from "../language/words-context.tsx";
import { listLeavableSites } from "../model/batch.ts";
import { Field } from "../parts/field.tsx";
import type { BatchState } from "./use-batch.ts";

/** Value of the choice "all applications", which has no id. */
const ALL = "";

/** Asks which monitors: those that are active in a site, of one application or of all. */
export function BatchScopeChoice(props: { readonly view: LiveView; readonly batch: BatchState }) {
  const { t } = useWords();
  const { view, batch } = props;
  const { siteId, applicationId } = batch.scope;
  const names = useApplicationNames(view.instanceId);
  const applications = [...new Set(view.monitors.map((monitor) => monitor.applicationId))];
  const leavable = listLeavableSites(view);
  // The site that is being left stays on the list when everything has left it.
  const sites = view.sites.filter((site) => site.id === siteId || leavable.includes(site));
  return (
    <div className="batch-scope">
      <Field
        label={t("batch.leave")}
        render={(id) => (
          <Select
            id={id}
            value={siteId}
            options={sites.map((site) => ({ value: site.id, label: site.name }))}
            onChange={(value) => batch.setScope({ ...batch.scope, siteId: value })}
          />
        )}
      />
      {applications.length > 1 ? (
        <Field
          label={t("batch.application")}
          render={(id) => (
            <Select
              id={id}
              value={applicationId ?? ALL}
              options={[
                { value: ALL, label: t("batch.all-applications") },
                ...applications.map((value) => ({ value, label: names.get(value) ?? value })),
              ]}
              onChange={(value) =>
                batch.setScope({ ...batch.scope, applicationId: value === ALL ? null : value })
              }
            />
          )}
        />
      ) : null}
    </div>
  );
}

/** Names by id; while the catalogue does not answer, applications go by their ids. */
function useApplicationNames(instanceId: string): ReadonlyMap<string, string> {
  const { data } = useQuery({
    queryKey: ["applications", instanceId],
    queryFn: () => fetchApplications(instanceId),
  });
  return new Map(data?.ok === true ? data.value.items.map(({ id, name }) => [id, name]) : []);
}
