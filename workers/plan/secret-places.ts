import type { Sealed } from "@evenkeel/contracts/plan";
import { and, eq, type SQL } from "drizzle-orm";
import type { Statement } from "../db/audit.ts";
import type { Catalogue } from "../db/open.ts";
import { dataCentres, monitors, stores } from "../db/schema.ts";
import { readPlanRows } from "./rows.ts";

/** A sealed secret of an instance, and how a new form of it is stored: only over the form that was read. */
export interface SecretPlace {
  readonly place: string;
  readonly sealed: Sealed;
  store(sealed: Sealed): Statement;
}

type SealedColumn = typeof stores.sealed | typeof monitors.sealed | typeof dataCentres.sealed;

/** Whoever enters a secret anew at this moment must not find the old one back in its place. */
function isForm(column: SealedColumn, sealed: Sealed | null): SQL {
  return eq(column, sealed);
}

/**
 * Lists every sealed secret of an instance: of its stores, its monitors and their data centres.
 *
 * @param catalogue where they are kept
 * @param instanceId whose
 * @returns each with the statement that replaces it
 */
export async function listSecretPlaces(catalogue: Catalogue, instanceId: string): Promise<SecretPlace[]> {
  const rows = await readPlanRows(catalogue, instanceId);
  const all = [
    ...rows.stores.map(({ id, sealed }) => ({
      place: `store/${id}`,
      sealed,
      store: (next: Sealed) =>
        catalogue
          .update(stores)
          .set({ sealed: next })
          .where(and(eq(stores.id, id), isForm(stores.sealed, sealed))),
    })),
    ...rows.monitors.map(({ id, sealed }) => ({
      place: `monitor/${id}`,
      sealed,
      store: (next: Sealed) =>
        catalogue
          .update(monitors)
          .set({ sealed: next })
          .where(and(eq(monitors.id, id), isForm(monitors.sealed, sealed))),
    })),
    ...rows.dataCentres.map(({ monitorId, name, sealed }) => ({
      place: `data-centre/${monitorId}/${name}`,
      sealed,
      store: (next: Sealed) =>
        catalogue
          .update(dataCentres)
          .set({ sealed: next })
          .where(
            and(
              eq(dataCentres.monitorId, monitorId),
              eq(dataCentres.name, name),
              isForm(dataCentres.sealed, sealed),
            ),
          ),
    })),
  ];
  return all.flatMap(({ place, sealed, store }) => (sealed == null ? [] : [{ place, sealed, store }]));
}
