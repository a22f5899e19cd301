import { z } from "zod";
import { PublicKey } from "./api.ts";
import { Sealed } from "./plan.ts";

/** Sealed secrets that an instance has at most: its stores, monitors and their data centres. */
const SECRETS_MAX = 2_000;

/** Where a sealed secret belongs: `store/<id>`, `monitor/<id>` or `data-centre/<monitor id>/<name>`. */
export const SealedPlace = z.string().regex(/^(store|monitor|data-centre)\/[a-z0-9_]{1,64}(\/dc\d{1,2})?$/);
const SealedSecret = z.object({ place: SealedPlace, sealed: Sealed });

/** What an agent needs in order to let another one open the instance's secrets: ciphertext and public keys only. */
export const CredentialsView = z.object({
  agents: z.array(z.object({ id: z.string(), name: z.string(), site: z.string(), publicKey: PublicKey })),
  secrets: z.array(SealedSecret).max(SECRETS_MAX),
});
export type CredentialsView = z.infer<typeof CredentialsView>;

/** Secrets that were given one recipient more each. */
export const CredentialsShare = z.strictObject({ secrets: z.array(SealedSecret).min(1).max(SECRETS_MAX) });

/** How many secrets were taken, and the places of those that somebody changed meanwhile. */
export const CredentialsShared = z.object({ taken: z.number().int(), outdated: z.array(z.string()) });
export type CredentialsShared = z.infer<typeof CredentialsShared>;
