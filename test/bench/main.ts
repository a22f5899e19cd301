/**
 * `npm run bench`: the drills whose figures this project promises, and what an idle lab costs; `npm run bench -- probes`:
 * what probing costs; `npm run bench -- sdk`: what the SDK costs an application, and how soon it switches;
 * `npm run bench -- soak`: whether an agent leaks.
 */
const BENCHES: Readonly<Record<string, () => Promise<unknown>>> = {
  probes: () => import("./probes.ts"),
  sdk: () => import("./sdk.ts"),
  soak: () => import("./soak.ts"),
};

const [, , name = ""] = process.argv;
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) {
  await import("./drills.ts");
} else {
  process.argv.splice(2, 1);
  await bench();
}

export {};
