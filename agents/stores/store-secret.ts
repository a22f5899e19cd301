import { z } from "zod";

/** What is sealed of a store, opened. */
export const StoreSecret = z.object({ password: z.string().optional(), clientKeyPem: z.string().optional() });
export type StoreSecret = z.infer<typeof StoreSecret>;
