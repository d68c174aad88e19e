import { hasOneId } from "#host";

/** Any JSON value; objects are taken with their names sorted. */
export type KeyPart =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly KeyPart[]
  | { readonly [name: string]: KeyPart };

/**
 * The key of a step: a digest over everything that its result depends on. `version` goes up when the same step begins to
 * give something else. Where owners are faked, a step gives something else as well.
 */
export function stepKey(kind: string, parts: { readonly [name: string]: KeyPart }): string {
  const ids = hasOneId() ? " one-id" : "";
  return new Bun.CryptoHasher("sha256").update(`${version}${ids} ${kind} ${canonical(parts)}`).digest("hex");
}

const version = 1;

function canonical(part: KeyPart): string {
  if (part === undefined) return "null";
  if (part === null || typeof part !== "object") return JSON.stringify(part);
  if (isList(part)) return `[${part.map(canonical).join(",")}]`;
  const names = Object.keys(part).filter((name) => part[name] !== undefined);
  return `{${names
    .toSorted()
    .map((name) => `${JSON.stringify(name)}:${canonical(part[name])}`)
    .join(",")}}`;
}

function isList(part: KeyPart): part is readonly KeyPart[] {
  return Array.isArray(part);
}
