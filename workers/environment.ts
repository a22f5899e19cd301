import type { Instance } from "@evenkeel/durable-objects/instance";

/** What wrangler.toml binds to the Worker. */
export interface Env {
  /** One Durable Object per instance, addressed by the instance's id. */
  readonly INSTANCE: DurableObjectNamespace<Instance>;
  /** The catalogue. */
  readonly DB: D1Database;
  /** The built console; absent where it was not built. */
  readonly ASSETS?: Fetcher;
  /** One-time token that creates the owner; empty: set-up is closed. */
  readonly EVENKEEL_SETUP_TOKEN?: string;
}

/**
 * The Durable Object of an instance.
 *
 * @param env the bindings
 * @param instanceId id of the instance
 * @returns its stub; it costs nothing until it is called
 */
export function openInstance(env: Env, instanceId: string): DurableObjectStub<Instance> {
  return env.INSTANCE.getByName(instanceId);
}
