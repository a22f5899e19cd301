/** What a key does: words of a verb (lab/verbs.ts). */
export interface KeyBinding {
  readonly key: string;
  readonly words: readonly string[];
  readonly does: string;
}

/**
 * The lab's keys for one engine: small letters act on dc1 of the chosen engine, capitals on the whole site.
 *
 * @param engine the chosen engine
 */
export function listKeys(engine: string): readonly KeyBinding[] {
  return [
    { key: "k", words: ["kill", `${engine}-dc1`], does: `kill ${engine} in dc1` },
    { key: "s", words: ["stop", `${engine}-dc1`], does: `stop ${engine} in dc1 (SIGSTOP)` },
    { key: "r", words: ["revive", `${engine}-dc1`], does: `revive ${engine} in dc1` },
    { key: "K", words: ["kill", "dc1"], does: "kill the whole site dc1" },
    { key: "S", words: ["stop", "dc1"], does: "stop the whole site dc1" },
    { key: "R", words: ["revive", "dc1"], does: "revive the whole site dc1" },
    { key: "a", words: ["kill", "agent-dc1"], does: "kill the agent of dc1" },
    { key: "A", words: ["revive", "agent-dc1"], does: "revive the agent of dc1" },
    { key: "c", words: ["kill", "control-plane"], does: "kill the control plane" },
    { key: "C", words: ["revive", "control-plane"], does: "revive the control plane" },
    { key: "w", words: ["switch", engine], does: `switch ${engine} to dc2` },
    { key: "b", words: ["switch-back", engine], does: `switch ${engine} back to dc1 (60 s of health first)` },
    { key: "B", words: ["switch-back", engine, "--force"], does: `force ${engine} back to dc1` },
    { key: "m", words: ["arm", engine], does: `arm ${engine}'s automatic switch` },
    { key: "l", words: ["login"], does: "make a login link for the console" },
  ];
}
