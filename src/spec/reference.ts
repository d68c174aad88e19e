import { type Digest, parseDigest } from "./digest.ts";
import { referenceInvalid } from "./error-list.ts";

/**
 * A normalised image reference (distribution's reference grammar, with Docker's short names):
 * `debian` is `docker.io/library/debian:latest`.
 */
export interface ImageReference {
  /** Host and optional port: "docker.io", "localhost:5000", "[::1]:5000". */
  readonly domain: string;
  /** Repository path below the domain: "library/debian". */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const pathComponent = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const pathPattern = new RegExp(`^${pathComponent}(?:/${pathComponent})*$`);
const hostComponent = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const domainPattern = new RegExp(
  `^(?:${hostComponent}(?:\\.${hostComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`,
);
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const maxNameLength = 255;

/** Parses a reference as a person types it. A name without tag and digest gets the tag `latest`. */
export function parseReference(text: string): ImageReference {
  const reference = parseNamed(text);
  return reference.tag === undefined && reference.digest === undefined
    ? { ...reference, tag: "latest" }
    : reference;
}

/** Like parseReference(), but adds no tag. */
export function parseNamed(text: string): ImageReference {
  if (text === "") throw referenceInvalid(text, "it is empty");
  if (/^[0-9a-f]{64}$/.test(text))
    throw referenceInvalid(text, "64 hexadecimal digits are an image ID, not a name");
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1));
  const named = at < 0 ? text : text.slice(0, at);
  const slash = named.lastIndexOf("/");
  const colon = named.indexOf(":", slash + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw referenceInvalid(
      text,
      `the tag ${JSON.stringify(tag)} is not made of at most 128 letters, digits, "_", "." and "-"`,
    );
  }
  const { domain, path } = splitDomain(name);
  if (!domainPattern.test(domain))
    throw referenceInvalid(text, `${JSON.stringify(domain)} is no registry host`);
  if (!pathPattern.test(path)) {
    const lower = text.toLowerCase();
    if (lower !== text && pathPattern.test(path.toLowerCase())) {
      // A short name was typed without its library/.
      const typed = name.endsWith(path) ? path : path.slice("library/".length);
      throw referenceInvalid(
        text,
        "a repository name has no upper-case letters",
        named.replace(typed, typed.toLowerCase()),
      );
    }
    throw referenceInvalid(
      text,
      `the repository name ${JSON.stringify(path)} is not made of lower-case letters and digits, joined by ".", "_", "__", "-" and "/"`,
    );
  }
  if (domain.length + 1 + path.length > maxNameLength)
    throw referenceInvalid(text, `its name is longer than ${maxNameLength} characters`);
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The first component is a registry when it has a dot, a port or upper case, or is localhost; else the name belongs to docker.io. */
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isDomain =
    slash >= 0 && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  const domain = isDomain ? first : "docker.io";
  let path = isDomain ? name.slice(slash + 1) : name;
  if (domain === "index.docker.io")
    return { domain: "docker.io", path: path.includes("/") ? path : `library/${path}` };
  if (domain === "docker.io" && !path.includes("/")) path = `library/${path}`;
  return { domain, path };
}

/** The full form: `docker.io/library/debian:latest`. */
export function printReference(reference: ImageReference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`;
}

/** The form people type: `debian:latest`. */
export function printFamiliar(reference: ImageReference): string {
  return `${familiarName(reference)}${suffix(reference)}`;
}

/** Familiar name without tag and digest: `debian`, `localhost:5000/app`. */
export function familiarName(reference: ImageReference): string {
  if (reference.domain !== "docker.io") return `${reference.domain}/${reference.path}`;
  return reference.path.startsWith("library/") ? reference.path.slice("library/".length) : reference.path;
}

function suffix(reference: ImageReference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`;
}
