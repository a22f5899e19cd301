import type { MonitorState } from "./state.ts";

/**
 * The rows of an instance's monitors: a list, and each row's place in it by the monitor's id. A list of ten thousand is
 * copied in microseconds, where a record or a map of them takes thousands: a turn that changes one row copies the list.
 */
export interface MonitorRows {
  readonly list: readonly MonitorState[];
  readonly places: ReadonlyMap<string, number>;
}

/**
 * Makes the rows of an instance.
 *
 * @param list rows with ids of their own
 */
export function makeRows(list: readonly MonitorState[]): MonitorRows {
  return { list, places: new Map(list.map((monitor, place) => [monitor.id, place])) };
}

/**
 * Finds a monitor's row.
 *
 * @param state the instance
 * @param monitorId the monitor
 * @returns undefined for an unknown monitor
 */
export function findMonitor(
  state: { readonly monitors: MonitorRows },
  monitorId: string,
): MonitorState | undefined {
  const place = state.monitors.places.get(monitorId);
  return place === undefined ? undefined : state.monitors.list[place];
}

/** A turn's own copy of the rows, which it may write in place: ten thousand changes in one turn cost one copy. */
export interface OwnRows extends MonitorRows {
  readonly list: MonitorState[];
  places: Map<string, number>;
  /** True once the places are a copy too: they change only when a monitor comes or goes. */
  ownsPlaces: boolean;
}

/**
 * Copies rows for a turn.
 *
 * @param rows the rows of the state before
 */
export function copyRows(rows: MonitorRows): OwnRows {
  return { list: rows.list.slice(), places: rows.places as Map<string, number>, ownsPlaces: false };
}

/**
 * Puts a row into a turn's rows, over the one with the same id if there is one.
 *
 * @param rows the turn's rows
 * @param monitor the row
 */
export function putRow(rows: OwnRows, monitor: MonitorState): void {
  const place = rows.places.get(monitor.id);
  if (place !== undefined) {
    rows.list[place] = monitor;
    return;
  }
  ownPlaces(rows).set(monitor.id, rows.list.length);
  rows.list.push(monitor);
}

/**
 * Takes a row out of a turn's rows. The last row moves to its place.
 *
 * @param rows the turn's rows
 * @param monitorId a monitor; an unknown one changes nothing
 */
export function takeRow(rows: OwnRows, monitorId: string): void {
  const place = rows.places.get(monitorId);
  const last = rows.list.at(-1);
  if (place === undefined || last === undefined) return;
  const places = ownPlaces(rows);
  rows.list[place] = last;
  places.set(last.id, place);
  rows.list.pop();
  places.delete(monitorId);
}

function ownPlaces(rows: OwnRows): Map<string, number> {
  if (!rows.ownsPlaces) {
    rows.places = new Map(rows.places);
    rows.ownsPlaces = true;
  }
  return rows.places;
}
