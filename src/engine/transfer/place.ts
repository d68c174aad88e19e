import { existsSync, statSync } from "node:fs";
import { type ImageReference, parseReference, reasonOf } from "#spec";
import { absolutePath } from "#runtime";
import { fileFormOf } from "./file-form.ts";
import { placeInvalid, placeUnknown, placeUnclear } from "./error.ts";

// Where an image is, or shall go, in the words of people: `docker://debian:12`, `oci:FOLDER:TAG`, a path, a name of the store.

export type ImagePlace = RemotePlace<"docker"> | RemotePlace<"oras"> | NearPlace;

interface RemotePlace<Kind> {
  readonly kind: Kind;
  readonly reference: ImageReference;
}

/** Everything but registries. */
export type NearPlace = DocumentPlace | FilePlace;

/** Manifest, config and layers: whole images of the OCI. */
export type DocumentPlace =
  /** An image of Vial's own store. */
  | { readonly kind: "store"; readonly name: string }
  | TaggedPlace<"oci">
  | TaggedPlace<"oci-archive">
  | TaggedPlace<"docker-archive">;

interface TaggedPlace<Kind> {
  readonly kind: Kind;
  readonly path: string;
  readonly tag: string | undefined;
}

/** The files of an image. */
export type FilePlace =
  | { readonly kind: "sif"; readonly path: string }
  | { readonly kind: "squashfs"; readonly path: string }
  | { readonly kind: "sandbox"; readonly path: string };

type Scheme = ImagePlace["kind"] | "docker-daemon";

/** Vial is the engine that "docker-daemon:NAME" speaks of. */
const schemes: readonly Scheme[] = [
  "docker",
  "oras",
  "oci",
  "oci-archive",
  "docker-archive",
  "docker-daemon",
  "sif",
  "squashfs",
  "sandbox",
];

/** Words of other programs' URIs, and why they lead nowhere here. */
const refused: Readonly<Record<string, readonly [why: string, next: string]>> = {
  library: ["there is no default library server, and its protocol is not spoken", "use docker:// or oras://"],
  shub: ["the public Singularity Hub is closed", "use docker:// or oras://"],
  http: ["images are taken from registries and files", "fetch it by `curl -fLO URL`, and give the file"],
  https: ["images are taken from registries and files", "fetch it by `curl -fLO URL`, and give the file"],
};

/** Whether a text says by its beginning where the image is: "docker://x", "oci:x". */
export function isImageUri(text: string): boolean {
  const scheme = schemeOf(text);
  return scheme !== undefined && ((schemes as readonly string[]).includes(scheme) || scheme in refused);
}

/**
 * Parses where an image is to be taken from. Without a scheme a file that is there counts by its bytes, a folder by what
 * is in it, and everything else is a name of the store. Throws place-invalid, place-unknown.
 */
export function parseSource(text: string, cwd: string): ImagePlace {
  const place = byScheme(text, cwd);
  if (place !== undefined) return place;
  const path = absolutePath(text, cwd);
  const info = statSync(path, { throwIfNoEntry: false });
  if (info?.isDirectory() === true)
    return existsSync(`${path}/oci-layout`)
      ? { kind: "oci", path, tag: undefined }
      : { kind: "sandbox", path };
  if (info !== undefined) return { kind: fileFormOf(path), path, tag: undefined } as ImagePlace;
  if (/^\.{0,2}\/|\.(sif|simg|sqsh|sqfs|squashfs|sqs|tar)$/.test(text)) throw placeUnknown(text);
  return { kind: "store", name: text };
}

/** Parses where an image shall go. Without a scheme the ending of the name decides. Throws place-invalid, place-unclear. */
export function parseTarget(text: string, cwd: string): ImagePlace {
  const place = byScheme(text, cwd);
  if (place !== undefined) return place;
  const path = absolutePath(text, cwd);
  if (/\.(sif|simg)$/.test(text)) return { kind: "sif", path };
  if (/\.(sqsh|sqfs|squashfs|sqs)$/.test(text)) return { kind: "squashfs", path };
  if (/\.(tar|tgz|tar\.gz)$/.test(text)) throw placeUnclear(text);
  if (/^\.{0,2}\/|\/$/.test(text)) return { kind: "sandbox", path };
  return { kind: "store", name: text };
}

function schemeOf(text: string): string | undefined {
  return /^([a-z][a-z-]*):/.exec(text)?.[1];
}

function byScheme(text: string, cwd: string): ImagePlace | undefined {
  const scheme = schemeOf(text);
  if (scheme === undefined || existsSync(absolutePath(text, cwd))) return undefined;
  const rest = text.slice(scheme.length + 1).replace(/^\/\//, "");
  const why = Object.hasOwn(refused, scheme) && text.includes("://") ? refused[scheme] : undefined;
  if (why !== undefined) throw placeInvalid(text, ...why);
  const known = schemes.find((name) => name === scheme);
  // A name with a tag: "debian:12".
  if (known === undefined) return undefined;
  // "docker:27-cli" is a repository of Docker Hub; what stands for a registry is "docker://".
  if ((known === "docker" || known === "oras") && !text.startsWith(`${known}://`)) return undefined;
  if (rest === "") throw placeInvalid(text, `nothing follows "${known}:"`, "give a name or a path behind it");
  switch (known) {
    case "docker":
    case "oras":
      try {
        return { kind: known, reference: parseReference(rest) };
      } catch (error) {
        throw placeInvalid(text, reasonOf(error), `write it like ${known}://HOST/NAME:TAG`);
      }
    case "oci":
    case "oci-archive":
    case "docker-archive": {
      const { path, tag } = cutTag(rest, cwd);
      return { kind: known, path, tag };
    }
    case "docker-daemon":
    case "store":
      return { kind: "store", name: rest };
    case "sif":
    case "squashfs":
    case "sandbox":
      return { kind: known, path: absolutePath(rest, cwd) };
    default:
      return known satisfies never;
  }
}

/** `PATH[:TAG]`; a colon that belongs to a path that is there parts nothing. */
function cutTag(text: string, cwd: string): { readonly path: string; readonly tag: string | undefined } {
  const whole = absolutePath(text, cwd);
  const match = /^(.+):([^/:]+)$/.exec(text);
  // "FOLDER:NAME:TAG" of skopeo's: the first colon parts.
  const first = /^([^:]+):(.+)$/.exec(text);
  if (match === null || first === null || existsSync(whole)) return { path: whole, tag: undefined };
  return { path: absolutePath(first[1]!, cwd), tag: first[2]! };
}

/** For people and for definition files: the agent, and what follows "from:". */
export function printPlace(place: ImagePlace): string {
  switch (place.kind) {
    case "docker":
    case "oras":
      return `${place.kind}://${place.reference.domain}/${place.reference.path}`;
    case "store":
      return place.name;
    default:
      return `${place.kind}:${place.path}`;
  }
}
