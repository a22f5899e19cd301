import type { MonitorView } from "@evenkeel/contracts/api";
import type { KindSdk } from "@evenkeel/contracts/kind-sdk";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeMonitor, fetchMonitor } from "../api/monitors.ts";
import type { Answer } from "../api/request.ts";
import { isSame, readChoices, renderEdit, type SdkChoices } from "../model/sdk-choices.ts";

/** What the dialog has come to know, and what was chosen in it. */
export interface SdkState {
  /** Undefined: not known yet. */
  readonly answer: Answer<MonitorView> | undefined;
  /** The connected databases; none for kinds without. */
  readonly databases: readonly string[];
  /** Null until the monitor's settings are known. */
  readonly choices: SdkChoices | null;
  /** Whether they differ from what is stored. */
  readonly isChanged: boolean;
  readonly busy: boolean;
  /** What the last storing came to; null before the first, and after a further change. */
  readonly saved: Answer<MonitorView> | null;
  choose(choices: SdkChoices): void;
  chooseDatabase(database: string): void;
  save(): Promise<void>;
}

/**
 * Follows the choices of the SDK dialog.
 *
 * @param instanceId the instance
 * @param monitorId the monitor
 * @param sdk what its kind is served
 */
export function useSdkChoices(instanceId: string, monitorId: string, sdk: KindSdk): SdkState {
  const client = useQueryClient();
  const queryKey = ["monitor", instanceId, monitorId];
  const { data } = useQuery({ queryKey, queryFn: () => fetchMonitor(instanceId, monitorId) });
  const [database, setDatabase] = useState<string | null>(null);
  const [draft, setDraft] = useState<SdkChoices | null>(null);
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState<Answer<MonitorView> | null>(null);
  const databases = data?.ok === true ? listDatabases(data.value) : [];
  const stored = data?.ok === true ? readChoices(data.value, sdk, database ?? databases[0] ?? null) : null;
  const choices = draft ?? stored;
  return {
    ...{ answer: data, databases, choices, busy, saved },
    isChanged: choices !== null && stored !== null && !isSame(choices, stored),
    choose(next) {
      setSaved(null);
      setDraft(next);
    },
    chooseDatabase(next) {
      setSaved(null);
      setDraft(null);
      setDatabase(next);
    },
    async save() {
      if (choices === null) return;
      setBusy(true);
      const answer = await changeMonitor(instanceId, monitorId, (now) => renderEdit(now, choices));
      if (answer.ok) {
        client.setQueryData(queryKey, answer);
        setDraft(null);
      }
      setSaved(answer);
      setBusy(false);
    },
  };
}

function listDatabases({ kind, common, dataCentres }: MonitorView): readonly string[] {
  const [home] = dataCentres;
  if (home === undefined) return [];
  return findMonitorPlugin(kind)?.source({ ...common, ...home.config })?.databases ?? [];
}
