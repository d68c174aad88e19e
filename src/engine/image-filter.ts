import { findImage, type ImageList, type Store, type StoredImage } from "#image";
import {
  familiarName,
  type Filters,
  filterValueInvalid,
  hasLabel,
  parseMoment,
  parseNamed,
  parseTruth,
} from "#spec";

export const imageFilters = ["before", "dangling", "label", "reference", "since", "until"] as const;

/** The images that pass every filter. `reference` leaves of each image only the names that fit. */
export function filterImages(store: Store, list: ImageList, filters: Filters): readonly StoredImage[] {
  const createdOf = (name: string) => timeOf(findImage(store, name));
  const before = (filters.get("before") ?? []).map(createdOf);
  const since = (filters.get("since") ?? []).map(createdOf);
  const until = (filters.get("until") ?? []).map((text) => parseMoment("until", text, Date.now()));
  const dangling = filters.get("dangling")?.map((text) => parseTruth("dangling", text));
  const patterns = filters.get("reference")?.map(globPattern);
  return list.images
    .filter((image) => before.every((time) => timeOf(image) < time))
    .filter((image) => since.every((time) => timeOf(image) > time))
    .filter((image) => until.every((time) => timeOf(image) < time))
    .filter((image) => dangling?.every((wanted) => (image.names.length === 0) === wanted) ?? true)
    .filter((image) =>
      (filters.get("label") ?? []).every((wanted) => hasLabel(image.config.config?.Labels ?? {}, wanted)),
    )
    .map((image) => (patterns === undefined ? image : withNames(image, patterns)))
    .filter((image) => patterns === undefined || image.names.length > 0 || image.repoDigests.length > 0);
}

function timeOf(image: StoredImage): number {
  return image.created === undefined ? 0 : Date.parse(image.created);
}

function withNames(image: StoredImage, patterns: readonly RegExp[]): StoredImage {
  const fits = (name: string) => {
    const repository = familiarName(parseNamed(name));
    return patterns.some((pattern) => pattern.test(name) || pattern.test(repository));
  };
  return { ...image, names: image.names.filter(fits), repoDigests: image.repoDigests.filter(fits) };
}

/** Go's path.Match, by which Docker compares references: `*` and `?` stop at a slash. */
function globPattern(text: string): RegExp {
  let source = "";
  for (let rest = text; rest !== ""; ) {
    const part = /^(?:\*+|\?|\[\^?[^\]]+\]|\\.|.)/su.exec(rest)?.[0] ?? rest;
    rest = rest.slice(part.length);
    if (part.startsWith("*")) source += "[^/]*";
    else if (part === "?") source += "[^/]";
    else if (part.startsWith("[") && part.length > 1) source += part.replaceAll("\\", "");
    else source += (part.length === 2 ? part.slice(1) : part).replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  }
  try {
    return new RegExp(`^${source}$`);
  } catch {
    throw filterValueInvalid("reference", text, "a name or a pattern with *, ? and [a-z]");
  }
}
