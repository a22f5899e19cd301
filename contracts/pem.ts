import { z } from "zod";

/** Characters of a chain of certificates, or of a key. */
const PEM_MAX = 20_000;

/**
 * One or more PEM blocks (RFC 7468); what they hold is checked where they are used. Keys with a passphrase do not pass.
 *
 * @param label how their labels end
 * @param what what it is called in a refusal
 * @returns the schema
 */
export function pem(label: "CERTIFICATE" | "PRIVATE KEY", what: string) {
  const block = `-----BEGIN ((EC|RSA) )?${label}-----[A-Za-z0-9+/=\\s]+-----END ((EC|RSA) )?${label}-----`;
  return z
    .string()
    .max(PEM_MAX)
    .regex(
      new RegExp(`^\\s*(${block}\\s*)+$`),
      `must be ${what} in PEM: "-----BEGIN …${label}-----" and so on`,
    );
}
