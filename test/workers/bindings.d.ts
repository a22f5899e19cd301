// What wrangler.toml and the test's configuration bind, for `env` of "cloudflare:workers".
declare namespace Cloudflare {
  interface Env {
    readonly INSTANCE: DurableObjectNamespace<import("@evenkeel/durable-objects/instance").Instance>;
    readonly DB: D1Database;
    readonly EVENKEEL_SETUP_TOKEN: string;
  }
  interface GlobalProps {
    mainModule: typeof import("@evenkeel/workers/index");
  }
}
