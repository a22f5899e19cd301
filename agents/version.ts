/** Version of this agent, told in its hello. */
export const VERSION = "0.1.0";
