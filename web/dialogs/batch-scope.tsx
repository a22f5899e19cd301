import type { LiveView } from "@evenkeel/contracts/live";
import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { fetchApplications } from "../api/instances.ts";
import { useWords } from "../language/words-context.tsx";
import { listLeavableSites, takeMembers } from "../model/batch.ts";
import { Field } from "../parts/field.tsx";
import type { BatchState } from "./use-batch.ts";

/** Value of the choice "all applications", which has no id. */
const ALL = "";
/** Value of the choice "what is away from home", which is no site. */
const AWAY = "";

/** Asks which monitors: those that are active in a site or away from home, of one application or of all. */
export function BatchScopeChoice(props: { readonly view: LiveView; readonly batch: BatchState }) {
  const { view, batch } = props;
  const applications = [...new Set(view.monitors.map((monitor) => monitor.applicationId))];
  return (
    <div className="batch-scope">
      <PlaceChoice view={view} batch={batch} />
      {applications.length > 1 ? (
        <ApplicationChoice instanceId={view.instanceId} applications={applications} batch={batch} />
      ) : null}
    </div>
  );
}

function PlaceChoice(props: { readonly view: LiveView; readonly batch: BatchState }) {
  const { t } = useWords();
  const { view, batch } = props;
  const { siteId } = batch.scope;
  const leavable = listLeavableSites(view);
  // What is chosen stays on the list when everything has moved.
  const sites = view.sites.filter((site) => site.id === siteId || leavable.includes(site));
  const hasStrays = siteId === null || takeMembers(view, { siteId: null, applicationId: null }).length > 0;
  const strays = hasStrays ? [{ value: AWAY, label: t("batch.bring-home") }] : [];
  return (
    <Field
      label={t("batch.what")}
      render={(id) => (
        <Select
          id={id}
          value={siteId ?? AWAY}
          options={[
            ...sites.map(({ id: value, name }) => ({ value, label: t("batch.leave", { site: name }) })),
            ...strays,
          ]}
          onChange={(value) => batch.setScope({ ...batch.scope, siteId: value === AWAY ? null : value })}
        />
      )}
    />
  );
}

function ApplicationChoice(props: {
  readonly instanceId: string;
  readonly applications: readonly string[];
  readonly batch: BatchState;
}) {
  const { t } = useWords();
  const { applications, batch } = props;
  const names = useApplicationNames(props.instanceId);
  return (
    <Field
      label={t("batch.application")}
      render={(id) => (
        <Select
          id={id}
          value={batch.scope.applicationId ?? ALL}
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
