import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { createAddressesSchema, readAddress } from "../address.ts";
import { DATABASE_TIMING } from "../default-timing.ts";
import { judgeAddresses } from "../judge-addresses.ts";
import { judgeSearchNode, SEARCH_MEANINGS } from "../judge-search-node.ts";
import { keepAddresses } from "../keep-addresses.ts";
import { openSearchNode, SearchSettings } from "../open-search-node.ts";
import { renderSdkCode } from "../sdk-code.ts";
import { createSettings, describeSecret, describeSetting } from "../settings.ts";
import { TLS_SECRET, Tls } from "../tls.ts";

const PORT = 9200;
const NAME_MAX = 100;
const PASSWORD_MAX = 512;

const Common = createSettings({
  algorithm: z
    .literal("single-read-write", "only single-read-write is served: choose it")
    .default("single-read-write")
    .meta(describeSetting(["Routing algorithm", "路由算法"])),
});
const Target = createSettings({
  addresses: createAddressesSchema(PORT, [
    "Nodes of the cluster as the agents reach them; each is shown on its own.",
    "代理访问所用的集群节点地址，逐个显示。",
  ]),
  user: z
    .string("must be a name")
    .trim()
    .max(NAME_MAX, `must have at most ${NAME_MAX} characters`)
    .regex(/^[^:]*$/, "must not contain a colon")
    .optional()
    .meta(
      describeSetting(
        ["User", "用户"],
        [
          "The monitor's own account, not the application's; empty: the cluster asks for none.",
          "监控专用账号，不得与应用共用；留空表示免密访问。",
        ],
      ),
    ),
  tls: Tls,
});
const Secret = createSettings({
  password: z
    .string("must be a text")
    .max(PASSWORD_MAX, `must have at most ${PASSWORD_MAX} characters`)
    .optional()
    .meta(describeSecret(["Password", "密码"])),
  ...TLS_SECRET,
});

/** What a judgement and a route read of the settings. */
const Subject = SearchSettings.pick({ addresses: true, user: true });

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = SearchSettings.parse(raw);
  return keepAddresses(
    context,
    settings.addresses,
    (address, own) => openSearchNode(settings, address, own),
    SEARCH_MEANINGS,
  );
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  const { addresses, user } = Subject.parse(raw);
  return judgeAddresses(outcome, addresses, (one, address) => judgeSearchNode(one, address, user));
}

/** Elasticsearch from version 6.8 on, and OpenSearch. */
export const elasticsearch: MonitorPlugin = {
  kind: "elasticsearch",
  title: { en: "Elasticsearch", "zh-CN": "Elasticsearch" },
  defaultPort: PORT,
  switchable: true,
  hasRoute: true,
  sdk: {
    algorithms: ["single-read-write"],
    readsReplicas: false,
    measuresStaleness: false,
    driver: "@elastic/elasticsearch",
    code: renderSdkCode({
      entry: "elasticsearch",
      opener: "openElasticsearch",
      gives: "client",
      ask: 'const { body } = await client.get({ index: "orders", id });',
    }),
  },
  drivers: ["undici"],
  defaults: DATABASE_TIMING,
  common: Common,
  target: Target,
  secret: Secret,
  account: `POST /_security/role/evenkeel_probe
{ "cluster": ["monitor"] }
POST /_security/user/evenkeel_probe
{ "password": "…", "roles": ["evenkeel_probe"] }
# OpenSearch: PUT _plugins/_security/api/roles/evenkeel_probe { "cluster_permissions": ["cluster_monitor"] }`,
  proof:
    "Health, lost masters, lost shards, the flood stage and read-only clusters were proven against Elasticsearch 7.10.2; logins (401, 403), overload (429) and TLS against a server that answers as Elasticsearch does, because the free distribution that tests can fetch has no accounts. OpenSearch answers the same two requests and was not run.",
  codes: SEARCH_MEANINGS,
  example: {
    common: { algorithm: "single-read-write" },
    target: {
      addresses: [`192.0.2.10:${PORT}`, `192.0.2.11:${PORT}`],
      user: "evenkeel_probe",
      tls: { mode: "require" },
    },
    secret: { password: "example-password" },
  },
  open,
  source(raw) {
    const { addresses, user } = Subject.parse(raw);
    const [first = ""] = addresses;
    return { ...readAddress(first), addresses, databases: [], hasUser: user !== "" };
  },
  judge,
};
