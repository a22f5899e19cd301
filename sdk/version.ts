/** Version of this SDK, told in the registration of its process. */
export const VERSION = "0.1.0";
