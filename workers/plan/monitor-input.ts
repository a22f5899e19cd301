import type { DataCentreInput, MonitorCreate, MonitorUpdate } from "@evenkeel/contracts/api";
import type { Sealed } from "@evenkeel/contracts/plan";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import type { dataCentres, monitors, sites } from "../db/schema.ts";
import { type InputIssue, parseAt, refuseInput } from "../validation.ts";
import { findSite } from "./find-site.ts";
import { checkPools } from "./pools.ts";
import type { MonitorRows } from "./rows.ts";
import { type Recipient, seal } from "./seal.ts";

type MonitorRow = typeof monitors.$inferSelect;
type DataCentreRow = typeof dataCentres.$inferSelect;
type SiteRow = typeof sites.$inferSelect;

/** What reading a monitor's input needs to know. */
export interface InputScope {
  readonly plugin: MonitorPlugin;
  readonly sites: readonly SiteRow[];
  readonly recipients: readonly Recipient[];
}

/**
 * Reads a new monitor.
 *
 * @param input what the caller sent
 * @param identity what the caller does not choose
 * @param scope plugin, sites and agents
 * @returns its rows
 * @throws AppError invalid-input, no-agent
 */
export async function readNewMonitor(
  input: MonitorCreate,
  identity: Pick<MonitorRow, "id" | "instanceId" | "createdAtMs"> & { readonly defaultName: string },
  scope: InputScope,
): Promise<MonitorRows> {
  const { id, instanceId, createdAtMs, defaultName } = identity;
  const monitor: MonitorRow = {
    id,
    instanceId,
    applicationId: input.applicationId,
    kind: scope.plugin.kind,
    name: input.name ?? defaultName,
    monitored: input.monitored,
    automatic: input.automatic,
    timing: input.timing,
    failOn: input.failOn,
    windows: input.windows,
    pools: input.pools,
    common: parseAt(scope.plugin.common, input.common, "common"),
    sealed: await seal(parseAt(scope.plugin.secret, input.secret, "secret"), scope.recipients),
    createdAtMs,
    updatedAtMs: createdAtMs,
  };
  const rows = await readDataCentres(input.dataCentres, monitor, new Map(), scope);
  checkPools({ monitor, dataCentres: rows }, scope.plugin);
  return { monitor, dataCentres: rows };
}

/**
 * Reads the edit of a monitor. A data centre whose configuration, secret or site changes gets a new target version, so
 * that it counts as unproven until its own site saw it up [SAFE-9].
 *
 * @param edit what the caller sent
 * @param before the monitor as it is
 * @param scope plugin, sites and agents
 * @returns the monitor as it will be
 * @throws AppError invalid-input, no-agent
 */
export async function readMonitorEdit(
  edit: MonitorUpdate,
  before: MonitorRows,
  scope: InputScope,
): Promise<MonitorRows> {
  const { plugin } = scope;
  const old = before.monitor;
  const common = edit.common === undefined ? old.common : parseAt(plugin.common, edit.common, "common");
  const sealed =
    edit.secret === undefined
      ? (old.sealed ?? null)
      : await seal(parseAt(plugin.secret, edit.secret, "secret"), scope.recipients);
  const monitor: MonitorRow = {
    ...old,
    monitored: edit.monitored ?? old.monitored,
    automatic: edit.automatic ?? old.automatic,
    timing: edit.timing ?? old.timing,
    failOn: edit.failOn ?? old.failOn,
    windows: edit.windows ?? old.windows,
    pools: edit.pools ?? old.pools,
    common,
    sealed,
    updatedAtMs: Date.now(),
  };
  const known = new Map(before.dataCentres.map((row) => [row.name, row]));
  const input =
    edit.dataCentres ??
    before.dataCentres.map(({ name, siteId, priority, config }) => ({
      name,
      site: siteId,
      priority,
      config,
    }));
  const rows = await readDataCentres(input, monitor, known, scope);
  checkPools({ monitor, dataCentres: rows }, plugin);
  return {
    monitor,
    dataCentres: rows.map((row) => raiseVersion(row, known.get(row.name), { plugin, monitor, old })),
  };
}

async function readDataCentres(
  input: readonly DataCentreInput[],
  monitor: MonitorRow,
  known: ReadonlyMap<string, DataCentreRow>,
  scope: InputScope,
): Promise<DataCentreRow[]> {
  checkNames(input);
  const rows: DataCentreRow[] = [];
  for (const [index, dataCentre] of input.entries()) {
    const path = `dataCentres[${index}]`;
    const before = known.get(dataCentre.name);
    rows.push({
      monitorId: monitor.id,
      name: dataCentre.name,
      siteId: findSite(scope.sites, dataCentre.site, `${path}.site`).id,
      priority: dataCentre.priority ?? before?.priority ?? index,
      targetVersion: before?.targetVersion ?? 1,
      config: parseAt(scope.plugin.target, dataCentre.config, `${path}.config`),
      sealed: await readSecret(dataCentre, path, before, scope),
    });
  }
  return rows;
}

async function readSecret(
  dataCentre: DataCentreInput,
  path: string,
  before: DataCentreRow | undefined,
  scope: InputScope,
): Promise<Sealed | null> {
  if (dataCentre.secret === undefined) return before?.sealed ?? null;
  return seal(parseAt(scope.plugin.secret, dataCentre.secret, `${path}.secret`), scope.recipients);
}

/** They are dc1, dc2, … without a gap, in that order: dc1 is the home. */
function checkNames(input: readonly DataCentreInput[]): void {
  const issues = input.flatMap(({ name }, index): InputIssue[] =>
    name === `dc${index + 1}`
      ? []
      : [{ path: `dataCentres[${index}].name`, expected: `must be dc${index + 1}` }],
  );
  if (issues.length > 0) throw refuseInput(issues);
}

/** What is beside the server that applications use makes no new version of it [SAFE-9]. */
function raiseVersion(
  row: DataCentreRow,
  before: DataCentreRow | undefined,
  {
    plugin,
    monitor,
    old,
  }: { readonly plugin: MonitorPlugin; readonly monitor: MonitorRow; readonly old: MonitorRow },
): DataCentreRow {
  if (before === undefined) return row;
  const beside = new Set(plugin.beside);
  const own = (settings: Readonly<Record<string, unknown>>) =>
    Object.entries(settings).filter(([name]) => !beside.has(name));
  const now = [row.siteId, own(row.config), own(monitor.common), row.sealed ?? monitor.sealed ?? null];
  const then = [before.siteId, own(before.config), own(old.common), before.sealed ?? old.sealed ?? null];
  return JSON.stringify(now) === JSON.stringify(then)
    ? row
    : { ...row, targetVersion: before.targetVersion + 1 };
}
