import { nearest } from "#kit";

/** The tag that is meant most likely: a misspelling, the newest of the same line ("3.99" -> "3.22"), or `latest`. */
export function suggestTag(tag: string, tags: readonly string[]): string | undefined {
  const near = nearest(tag, tags);
  if (near !== undefined) return near;
  for (let end = tag.length; end > 0; end--) {
    const same = tags.filter((other) => other.startsWith(tag.slice(0, end)));
    const newest = same.toSorted(compareVersions).at(-1);
    if (newest !== undefined) return newest;
  }
  return tags.includes("latest") ? "latest" : tags.toSorted(compareVersions).at(-1);
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
