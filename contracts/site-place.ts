import { z } from "zod";

/** Longest name of a cloud, region or zone. */
const PLACE_MAX = 100;
/** Zones of one site. */
const ZONES_MAX = 10;

/**
 * The name of a cloud, a region or a zone. It stands in SDK configurations, where `$` and braces stand for variables,
 * so that it is of letters and digits, and of what joins them.
 */
export const PlaceName = z
  .string("must be a name")
  .trim()
  .min(1, "must not be empty; leave it out instead")
  .max(PLACE_MAX, `must have at most ${PLACE_MAX} characters`)
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._:/-]*$/u,
    "must begin with a letter or digit, and have only these, spaces and . _ : / -",
  );

/** The zones of a site, the first one being that of processes that do not say theirs. */
export const Zones = z
  .array(PlaceName, "must be a list of zones")
  .max(ZONES_MAX, `must name at most ${ZONES_MAX} zones`)
  .refine((zones) => new Set(zones).size === zones.length, "must not name a zone twice");
