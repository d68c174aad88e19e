import { nearest } from "#kit";
import { parseReference, reasonOf, type SourceRange } from "#spec";
import { agentUnknown, agentUnsupported, headerValueInvalid, headerValueMissing } from "./error.ts";
import type { Header } from "./header.ts";

/** What a stage begins from. */
export type Bootstrap =
  | { readonly kind: "docker"; readonly reference: string }
  /** A SIF file in a registry. */
  | { readonly kind: "oras"; readonly reference: string; readonly fingerprints: readonly string[] }
  | { readonly kind: "oci"; readonly path: string; readonly tag?: string }
  | { readonly kind: "oci-archive"; readonly path: string; readonly tag?: string }
  | { readonly kind: "docker-archive"; readonly path: string }
  /** A SIF file, a squashfs, an ext3 or a folder. */
  | { readonly kind: "localimage"; readonly path: string; readonly fingerprints: readonly string[] }
  | {
      readonly kind: "debootstrap";
      readonly suite: string;
      /** Without one, the package sources of the host are meant. */
      readonly mirror?: string;
      readonly include: readonly string[];
    }
  /** The URL of the program. Without one, that of the host is meant. */
  | { readonly kind: "busybox"; readonly mirror?: string }
  | { readonly kind: "scratch" };

const readers: Readonly<Record<Bootstrap["kind"], (values: HeaderValues) => Bootstrap>> = {
  docker: (values) => ({ kind: "docker", reference: readReference(values) }),
  oras: (values) => ({
    kind: "oras",
    reference: readReference(values),
    fingerprints: readList(values.get("fingerprints")),
  }),
  oci: (values) => ({ kind: "oci", ...cutTag(values.need("From")) }),
  "oci-archive": (values) => ({ kind: "oci-archive", ...cutTag(values.need("From")) }),
  "docker-archive": (values) => ({ kind: "docker-archive", path: values.need("From") }),
  localimage: (values) => ({
    kind: "localimage",
    path: values.need("From"),
    fingerprints: readList(values.get("fingerprints")),
  }),
  debootstrap: readDebootstrap,
  busybox: (values) => ({ kind: "busybox", ...readMirror(values) }),
  scratch: () => ({ kind: "scratch" }),
};

/** Agents that are known and do not work: why, and what would be needed. */
const refused: Readonly<Record<string, readonly [why: string, next: string]>> = {
  "docker-daemon": [
    "Vial does not talk to other container engines",
    "save the image by `docker save -o image.tar NAME`, and use `Bootstrap: docker-archive` with `From: image.tar`",
  ],
  yum: [
    "it needs yum or dnf on the host, and a mirror of their packages",
    "use `Bootstrap: docker` with an image of the distribution, such as `From: rockylinux:9`",
  ],
  dnf: [
    "it needs dnf on the host, and a mirror of its packages",
    "use `Bootstrap: docker` with an image of the distribution, such as `From: fedora:42`",
  ],
  zypper: [
    "it needs zypper 1.11.20 or newer on the host, and a mirror of its packages",
    "use `Bootstrap: docker` with an image of the distribution, such as `From: opensuse/leap:15.6`",
  ],
  arch: [
    "it needs pacstrap on the host, and a mirror of its packages",
    "use `Bootstrap: docker` with `From: archlinux:latest`",
  ],
  library: [
    "it needs a client of the library protocol, and there is no default server",
    "fetch the image by `apptainer pull image.sif library://NAME`, and use `Bootstrap: localimage` with `From: image.sif`",
  ],
  shub: [
    "the public Singularity Hub is closed, and it needs a client of its protocol",
    "use `Bootstrap: docker` with an image of another registry",
  ],
  buildkit: [
    "it needs the daemon of BuildKit",
    "build the Dockerfile by `vial build -t base .`, and use `Bootstrap: docker` with `From: base`",
  ],
  dockerfile: [
    "it needs the daemon of Docker or BuildKit",
    "build the Dockerfile by `vial build -t base .`, and use `Bootstrap: docker` with `From: base`",
  ],
};

const agents = [...Object.keys(readers), ...Object.keys(refused)];

/** Reads the header of a stage, which has a `Bootstrap:`. */
export function readBootstrap(header: Header): Bootstrap {
  const entry = header.get("bootstrap");
  if (entry === undefined) throw new Error("our bug: a header without Bootstrap was to be read");
  const agent = entry.value.toLowerCase();
  const no = Object.hasOwn(refused, agent) ? refused[agent] : undefined;
  if (no !== undefined) throw agentUnsupported(agent, ...no, entry.range);
  if (!isKind(agent)) throw agentUnknown(entry.value, entry.range, nearest(agent, agents));
  return readers[agent](new HeaderValues(header, agent, entry.range));
}

function isKind(agent: string): agent is Bootstrap["kind"] {
  return Object.hasOwn(readers, agent);
}

/** A header as one agent asks for it. */
class HeaderValues {
  readonly #header: Header;
  readonly #agent: string;
  readonly #bootstrap: SourceRange;

  constructor(header: Header, agent: string, bootstrap: SourceRange) {
    this.#header = header;
    this.#agent = agent;
    this.#bootstrap = bootstrap;
  }

  get(keyword: string): string {
    return this.#header.get(keyword.toLowerCase())?.value ?? "";
  }

  need(keyword: string): string {
    const value = this.get(keyword);
    if (value === "") throw headerValueMissing(keyword, this.#agent, this.#bootstrap);
    return value;
  }

  refuse(keyword: string, why: string): never {
    const where = this.#header.get(keyword.toLowerCase())?.range ?? this.#bootstrap;
    throw headerValueInvalid(keyword, this.get(keyword), why, where);
  }
}

/** `Registry` and `Namespace` are simply put in front. */
function readReference(values: HeaderValues): string {
  const from = values.need("From");
  const scheme = /^([a-z-]+):\/\//.exec(from)?.[1];
  if (scheme !== undefined)
    values.refuse("From", `the name of an image has no "${scheme}://": "Bootstrap" says it already`);
  const parts = [values.get("Registry"), values.get("Namespace"), from].filter((part) => part !== "");
  const reference = parts.map((part) => part.replace(/\/$/, "")).join("/");
  try {
    parseReference(reference);
  } catch (error) {
    values.refuse("From", reasonOf(error));
  }
  return reference;
}

/** `path[:tag]`, where the tag has no slash. */
function cutTag(from: string): { readonly path: string; readonly tag?: string } {
  const colon = from.lastIndexOf(":");
  if (colon <= 0 || from.includes("/", colon) || colon === from.length - 1) return { path: from };
  return { path: from.slice(0, colon), tag: from.slice(colon + 1) };
}

function readDebootstrap(values: HeaderValues): Bootstrap {
  const suite = values.need("OSVersion");
  // It becomes an argument of a program on the host.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(suite))
    values.refuse("OSVersion", 'it is the name of a release, such as "bookworm"');
  const include = readList(values.get("Include"));
  const odd = include.find((name) => !/^[a-z0-9][a-z0-9+.:-]*$/i.test(name));
  if (odd !== undefined) values.refuse("Include", `"${odd}" is no name of a package`);
  return { kind: "debootstrap", suite, ...readMirror(values), include };
}

function readMirror(values: HeaderValues): { readonly mirror?: string } {
  const mirror = values.get("MirrorURL").replaceAll("%{OSVERSION}", values.get("OSVersion"));
  if (mirror === "") return {};
  if (!/^(https?|ftp|file|copy):\S+$/.test(mirror))
    values.refuse("MirrorURL", 'it is an address that begins with "http:", "https:", "ftp:" or "file:"');
  return { mirror };
}

/** Blanks and commas part the words. */
function readList(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}
