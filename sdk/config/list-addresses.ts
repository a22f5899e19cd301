import type { SdkSource } from "@evenkeel/contracts/sdk-config";

/**
 * Lists the servers of one data centre.
 *
 * @param source its configuration
 * @returns `host:port` of each, IPv6 in brackets
 */
export function listAddresses({ host, port, addresses }: SdkSource): readonly string[] {
  return addresses ?? [`${host.includes(":") ? `[${host}]` : host}:${port}`];
}
