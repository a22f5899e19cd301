import { z } from "zod";

/** Names of settings that a refusal lists at most. */
const LISTED_MAX = 20;

/** A text in the console's two languages, the English one first. */
type Texts = readonly [en: string, zhCN: string];

/**
 * Describes a setting for the console's form, the API's description and the documentation. JSON Schema knows one
 * language, so that `title` and `description` are English and `titles` and `descriptions` carry both.
 *
 * @param title what the setting is called
 * @param description what to enter; left out where the title says it all
 */
export function describeSetting(title: Texts, description?: Texts) {
  return {
    title: title[0],
    titles: { en: title[0], "zh-CN": title[1] },
    ...(description === undefined
      ? {}
      : { description: description[0], descriptions: { en: description[0], "zh-CN": description[1] } }),
  };
}

/**
 * Describes a setting that is sealed to the agents and never shown again; see {@link describeSetting}.
 *
 * @param title what the setting is called
 * @param description what to enter
 */
export function describeSecret(title: Texts, description?: Texts) {
  return { ...describeSetting(title, description), secret: true };
}

/**
 * Makes the schema of a group of settings. A setting that it does not have is refused with the list of those it has,
 * because a misspelt one would otherwise be ignored in silence.
 *
 * @param shape the settings
 */
export function createSettings<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape).slice(0, LISTED_MAX).join(", ");
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `there is no such setting here: remove it, or use one of ${known}`
        : undefined,
  });
}
