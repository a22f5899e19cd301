import type { StoreView } from "@evenkeel/contracts/api-stores";
import type { z } from "zod";
import type { sites, stores } from "../db/schema.ts";
import { listSealedTo, type Recipient, warnOfUnsealed } from "../plan/seal.ts";
import { listUnserved } from "../plan/store-input.ts";

type StoreRow = typeof stores.$inferSelect;
type SiteRow = typeof sites.$inferSelect;

/** What a store is shown with. */
export interface StoreScope {
  readonly rows: readonly StoreRow[];
  readonly sites: readonly SiteRow[];
  readonly recipients: readonly Recipient[];
}

/**
 * Shows a store to people: everything but its secrets.
 *
 * @param row the store
 * @param scope the instance's stores, sites and agents, for remarks
 */
export function showStore(
  row: StoreRow,
  { rows, sites: siteRows, recipients }: StoreScope,
): z.infer<typeof StoreView> {
  const { id, name, sites: served, endpoints, user, caPem, clientCertPem, masMirror, sealed } = row;
  return {
    id,
    name,
    sites: served,
    endpoints,
    user,
    hasPassword: sealed != null && user !== null,
    hasClientKey: sealed != null && clientCertPem !== null,
    sealedTo: listSealedTo(sealed),
    caPem,
    clientCertPem,
    masMirror,
    warnings: [...warnOfUnsealed([sealed], recipients), ...listUnserved(rows, siteRows)],
  };
}
