import { SDK_SECRET_FIELDS, type SdkConfig, type SdkSource } from "@evenkeel/contracts/sdk-config";
import { ConfigError } from "../errors.ts";

/**
 * Deciphers one password.
 *
 * @param cipher what stands in the configuration
 * @param path where, such as `sources.dc1.password`
 * @returns the password
 */
export type Decipher = (cipher: string, path: string) => string | Promise<string>;

/**
 * Deciphers every password of a configuration: the store's, the servers' and their replicas'.
 *
 * @param config the configuration as it was read
 * @param decipher of the application; undefined: the passwords stand in the clear
 * @returns the configuration with its passwords in the clear
 * @throws ConfigError with the path of each password that cannot be deciphered, or if the configuration says that they are
 *   enciphered and nobody deciphers. Neither a password nor what the function threw stands in it: that may quote one
 */
export async function decipherConfig(config: SdkConfig, decipher: Decipher | undefined): Promise<SdkConfig> {
  const { decipherClassName } = config.props;
  if (decipher === undefined) {
    if (decipherClassName === undefined) return config;
    throw new ConfigError([
      `props.decipherClassName: the passwords are enciphered for ${decipherClassName}, which cannot be run here; give a function that does the same in the code: open…(config, { decipher: (cipher, path) => password }), or leave this field out and give the passwords in the clear`,
    ]);
  }
  const problems: string[] = [];
  const one = async <Server extends object>(server: Server, path: string): Promise<Server> => {
    const clear: Record<string, string> = {};
    for (const [field, cipher] of Object.entries(server)) {
      if (!SDK_SECRET_FIELDS.has(field) || typeof cipher !== "string" || cipher === "") continue;
      clear[field] = await tryDecipher(decipher, cipher, `${path}.${field}`, problems);
    }
    return { ...server, ...clear };
  };
  const sources = await Promise.all(
    Object.entries(config.sources).map(async ([name, source]): Promise<[string, SdkSource]> => {
      const path = `sources.${name}`;
      const own = await one(source, path);
      const { replicas } = own;
      if (replicas === undefined) return [name, own];
      const followers = replicas.map((replica, at) => one(replica, `${path}.replicas.${at}`));
      return [name, { ...own, replicas: await Promise.all(followers) }];
    }),
  );
  const etcd = config.etcd === undefined ? {} : { etcd: await one(config.etcd, "etcd") };
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...config, ...etcd, sources: Object.fromEntries(sources) };
}

async function tryDecipher(
  decipher: Decipher,
  cipher: string,
  path: string,
  problems: string[],
): Promise<string> {
  try {
    const password: unknown = await decipher(cipher, path);
    if (typeof password === "string") return password;
    problems.push(`${path}: the decipher gave a ${typeof password} instead of a text`);
  } catch (error) {
    const kind = error instanceof Error ? error.name : typeof error;
    problems.push(`${path}: the secret here could not be deciphered (the decipher threw ${kind})`);
  }
  return "";
}
