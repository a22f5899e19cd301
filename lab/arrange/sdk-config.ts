import type { EngineHandle } from "../engines/engine-handle.ts";
import type { EtcdHandle } from "../engines/etcd.ts";
import type { ApiClient } from "./api-client.ts";
import type { Arrangement } from "./arrange.ts";

/** What stands in the SDK's configuration instead of each secret. */
export const PLACEHOLDER = /\$\{(\w+)\}/g;

/** Whose configuration is read, and who knows the secrets. */
export interface SdkConfigRequest {
  readonly api: ApiClient;
  readonly arrangement: Arrangement;
  readonly engines: ReadonlyMap<string, EngineHandle>;
  readonly etcd: EtcdHandle;
  /** Monitor ids by kind. */
  readonly monitors: Readonly<Record<string, string>>;
}

/** What an application gets. */
export interface FilledSdkConfig {
  /** YAML as the control plane hands it out. */
  readonly text: string;
  /** The secrets by their names. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Takes the SDK configuration of an engine's monitor from the control plane, as a person would, and the secrets that are
 * missing in it from the lab.
 *
 * @param request the lab
 * @param engine kind of the monitor
 * @throws ApiRefusal if the control plane does not hand it out; Error if the lab does not run that engine
 */
export async function readSdkConfig(request: SdkConfigRequest, engine: string): Promise<FilledSdkConfig> {
  const handle = request.engines.get(engine);
  if (handle === undefined)
    throw new Error(`the lab does not run ${engine}; it runs ${[...request.engines.keys()].join(", ")}`);
  const { instanceId } = request.arrangement;
  const path = `/instances/${instanceId}/monitors/${request.monitors[engine]}/sdk-config`;
  const text = await request.api.text(path);
  const names = [...text.matchAll(PLACEHOLDER)].flatMap(([, name]) => name ?? []);
  return {
    text,
    environment: Object.fromEntries(names.map((name) => [name, findSecret(name, handle, request.etcd)])),
  };
}

function findSecret(name: string, handle: EngineHandle, etcd: EtcdHandle): string {
  if (name.startsWith("ETCD"))
    return name.endsWith("PASSWORD") ? etcd.users.sdk.password : etcd.users.sdk.user;
  const dc = /DC2/i.test(name) ? "dc2" : "dc1";
  const { app } = handle.dataCentres[dc].users;
  return name.endsWith("PASSWORD") ? app.password : app.user;
}
