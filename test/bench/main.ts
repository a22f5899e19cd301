/** `npm run bench`: the drills whose figures this project promises; `npm run bench -- soak`: whether an agent leaks. */
const [, , name] = process.argv;
if (name === "soak") {
  process.argv.splice(2, 1);
  await import("./soak.ts");
} else {
  await import("./drills.ts");
}

export {};
