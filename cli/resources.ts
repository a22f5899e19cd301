/** A verb of a resource: which request it makes. */
export interface Verb {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path under /api/v1; `{instance}` and `{id}` are filled from the command line. */
  readonly path: string;
  /** Whether it takes a body (`--data`). */
  readonly takesData: boolean;
}

const list = (path: string): Verb => ({ method: "GET", path, takesData: false });
const get = (path: string): Verb => ({ method: "GET", path: `${path}/{id}`, takesData: false });
const create = (path: string): Verb => ({ method: "POST", path, takesData: true });
const edit = (path: string): Verb => ({ method: "PATCH", path: `${path}/{id}`, takesData: true });
const remove = (path: string): Verb => ({ method: "DELETE", path: `${path}/{id}`, takesData: false });
const all = (path: string) => ({
  list: list(path),
  get: get(path),
  create: create(path),
  edit: edit(path),
  delete: remove(path),
});

const INSTANCE = "/instances/{instance}";
const MONITOR = `${INSTANCE}/monitors/{id}`;
const command = (verb: string): Verb => ({ method: "POST", path: `${MONITOR}/${verb}`, takesData: true });

/** Every resource with its verbs: the API, as a terminal spells it. */
export const RESOURCES: Readonly<Record<string, Readonly<Record<string, Verb>>>> = {
  namespace: all("/namespaces"),
  instance: all("/instances"),
  site: all(`${INSTANCE}/sites`),
  application: all(`${INSTANCE}/applications`),
  monitor: {
    ...all(`${INSTANCE}/monitors`),
    test: create(`${INSTANCE}/monitors/test`),
    switch: command("switch"),
    "switch-back": command("switch-back"),
    access: command("access"),
    arm: command("arm"),
    "switch-many": create(`${INSTANCE}/switches`),
    explain: { method: "GET", path: `${MONITOR}/explain`, takesData: false },
    "sdk-config": { method: "GET", path: `${MONITOR}/sdk-config`, takesData: false },
  },
  agent: { list: list(`${INSTANCE}/agents`), delete: remove(`${INSTANCE}/agents`) },
  "enrolment-token": {
    list: list(`${INSTANCE}/enrolment-tokens`),
    create: create(`${INSTANCE}/enrolment-tokens`),
    delete: remove(`${INSTANCE}/enrolment-tokens`),
  },
  settings: {
    get: list(`${INSTANCE}/settings`),
    edit: { method: "PATCH", path: `${INSTANCE}/settings`, takesData: true },
  },
  store: {
    list: list(`${INSTANCE}/stores`),
    get: get(`${INSTANCE}/stores`),
    set: { method: "PUT", path: `${INSTANCE}/stores/{id}`, takesData: true },
    delete: remove(`${INSTANCE}/stores`),
  },
  live: { get: list(`${INSTANCE}/live`) },
  event: { list: list(`${INSTANCE}/events`) },
  token: { list: list("/tokens"), create: create("/tokens"), delete: remove("/tokens") },
  session: { get: list("/session"), link: create("/session/links") },
  audit: { list: list("/audit") },
  kind: { list: list("/kinds") },
};
