import { readFileSync, statfsSync } from "node:fs";
import {
  type AptSource,
  complaints,
  fetchReleaseTime,
  hasOneId,
  type MmdebstrapPhase,
  type MmdebstrapWish,
  parseMmdebstrapLine,
  printAptSource,
  readAptAcquire,
  readAptSources,
  startMmdebstrap,
  withoutCredentials,
} from "#host";
import { addLayerBlob, holdContent, setRef, type WrittenImage, writeImage } from "#image";
import { quoteWord } from "#kit";
import { defaultPathEntry, hostPlatform, type ImageReference, printTime } from "#spec";
import type { Engine } from "./engine-handle.ts";
import {
  bootstrapDistributionUnknown,
  bootstrapFailed,
  bootstrapPackageUnknown,
  bootstrapSourcesMissing,
  bootstrapWordInvalid,
  sourceDateInvalid,
} from "./error.ts";
import { unpackStoredLayer } from "./layers.ts";

// A base image from this machine's own package sources. The same packages give the same digest: all times are those of
// the archive's Release file (or SOURCE_DATE_EPOCH), and what a run leaves behind (logs, caches, names of this host) is
// taken out. The image keeps the sources, so that apt works in it; passwords in their addresses stay here.

export interface BootstrapWish {
  /** "debian" or "ubuntu": the one that this machine's sources serve. */
  readonly distribution: string;
  /** Undefined: the host's own. */
  readonly suite: string | undefined;
  /** Another archive than those of this machine's own sources. */
  readonly mirror?: string;
  readonly variant: MmdebstrapWish["variant"];
  readonly include: readonly string[];
  /** Names for the image. */
  readonly references: readonly ImageReference[];
  /** Told of what this user's store could not hold, as sentences. */
  readonly warn: (sentence: string) => void;
}

export interface BootstrapStep {
  readonly phase: "prepare" | MmdebstrapPhase | "unpack";
  readonly done?: number;
  readonly total?: number;
}

/** Makes the image and names it. `progress` is told of each step. Takes 15 to 60 seconds. */
export async function bootstrapImage(
  engine: Engine,
  wish: BootstrapWish,
  progress: (step: BootstrapStep) => void,
): Promise<WrittenImage> {
  const host = readOsRelease();
  if (wish.distribution !== host.id) throw bootstrapDistributionUnknown(wish.distribution, host.id);
  const suite = wish.suite ?? host.codename;
  checkWords(suite, wish.include);
  const sources =
    wish.mirror === undefined
      ? chooseSources(readAptSources(), host.codename, suite)
      : [mirrorSource(wish.mirror, suite)];
  const main = sources.find((source) => source.suite === suite);
  if (main === undefined) throw bootstrapSourcesMissing(wish.distribution, suite);
  progress({ phase: "prepare" });
  const epoch = parseEpoch(process.env.SOURCE_DATE_EPOCH) ?? (await fetchReleaseTime(main));
  const acquire = await readAptAcquire();
  const count = counter(progress);
  const child = startMmdebstrap(
    {
      suite,
      variant: wish.variant,
      include: wish.include,
      mode: hasOneId() ? "fakechroot" : process.getuid?.() === 0 ? "root" : "unshare",
      setupHooks: [setupHook],
      customizeHooks: [customizeHook(sources)],
    },
    {
      sources: sources.map((source) => `${printAptSource(source)}\n`).join(""),
      env: { SOURCE_DATE_EPOCH: String(epoch), VIAL_APT_ACQUIRE: acquire, ...workFolder() },
      onLine: count,
    },
  );
  using _held = holdContent(engine.store);
  // Level 6 of gzip, as `commit` and `import` write it: every reader of OCI images knows it.
  const layer = await addLayerBlob(engine.store, endedWell(child, `${wish.distribution} ${suite}`), {
    compression: "gzip",
  });
  const created = printTime(epoch);
  const image = writeImage(engine.store, {
    platform: hostPlatform(),
    layers: [layer],
    change: () => ({
      Env: [defaultPathEntry],
      Cmd: ["bash"],
    }),
    history: [{ created, created_by: createdBy(wish, suite) }],
    created,
  });
  progress({ phase: "unpack" });
  await unpackStoredLayer(engine.store, layer, wish.warn);
  for (const reference of wish.references) setRef(engine.store, reference, image.descriptor);
  return image;
}

/** "debian", "ubuntu": what this machine runs, and what its package sources serve. */
export function hostDistribution(): string {
  return readOsRelease().id;
}

function mirrorSource(uri: string, suite: string): AptSource {
  return {
    uri: uri.replace("%{OSVERSION}", suite),
    suite,
    components: ["main"],
    options: [],
  } as unknown as AptSource;
}

/** The suite that `vial bootstrap DISTRIBUTION` takes when none is named. */
export function hostSuite(): string {
  return readOsRelease().codename;
}

/** os-release(5): on Debian's testing and unstable there is no code name, and the sources say what they are. */
function readOsRelease(): { id: string; codename: string } {
  let text = "";
  try {
    text = readFileSync("/etc/os-release", "utf8");
  } catch {
    // A host without the file is no Debian; the error that follows names what it is not.
  }
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(text)?.[1];
  const id = field("ID") ?? "linux";
  return { id, codename: field("VERSION_CODENAME") ?? (id === "debian" ? "sid" : "") };
}

const aliases = ["stable", "testing", "unstable", "oldstable", "sid"];
const parts = ["", "-updates", "-security"];

/**
 * The distribution's own sources among all of the machine's, for the wanted suite: the suite itself, its updates and its
 * security updates. Other people's repositories, backports and proposed updates stay out.
 */
export function chooseSources(all: readonly AptSource[], codename: string, suite: string): AptSource[] {
  const bases = [codename, ...aliases];
  const official = all.filter(
    (source) =>
      source.components.includes("main") &&
      bases.some((base) => parts.some((part) => source.suite === base + part)) &&
      (source.signedBy === undefined || /\/(debian|ubuntu)-archive/.test(source.signedBy)),
  );
  const wanted = official.map((source) => {
    const base = bases.find((name) => source.suite.startsWith(name)) ?? "";
    return { ...source, suite: suite + source.suite.slice(base.length), architectures: [] };
  });
  // Testing and unstable have no updates beside them.
  const fitting =
    suite === "sid" || suite === "unstable" ? wanted.filter((source) => source.suite === suite) : wanted;
  const seen = new Set<string>();
  return fitting.filter((source) => {
    const key = `${source.uri.replace(/\/$/, "")} ${source.suite}`;
    return !seen.has(key) && seen.add(key);
  });
}

function checkWords(suite: string, include: readonly string[]): void {
  if (!/^[a-z0-9][a-z0-9.+-]*$/.test(suite)) throw bootstrapWordInvalid("a suite", suite);
  // A comma or a question mark would be read by mmdebstrap as another package or a pattern, a slash as a file.
  for (const name of include)
    if (!/^[a-z0-9][a-z0-9.+-]*$/.test(name)) throw bootstrapWordInvalid("a package", name);
}

function parseEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,11}$/.test(text)) throw sourceDateInvalid(text);
  return Number(text);
}

/** How this machine reaches its sources (proxies, passwords) holds while apt works, and is taken out again. */
const settingsFile = "etc/apt/apt.conf.d/99vial-bootstrap";
const setupHook = [
  `printf '%s' "$VIAL_APT_ACQUIRE" > "$1/${settingsFile}"`,
  'mkdir -p "$1/etc/apt/auth.conf.d"',
  'for f in /etc/apt/auth.conf /etc/apt/auth.conf.d/*.conf; do if [ -r "$f" ]; then cp "$f" "$1/etc/apt/auth.conf.d/vial-$(basename "$f")"; fi; done',
].join("; ");

/** What differs from one run, or one host, to the next; and the addresses without their passwords. */
function customizeHook(sources: readonly AptSource[]): string {
  const kept = sources
    .filter((source) => /^https?:/.test(source.uri))
    .map((source) => `${printAptSource({ ...source, uri: withoutCredentials(source.uri) })}\n`)
    .join("");
  return [
    'cd "$1"',
    `rm -f ${settingsFile} etc/apt/auth.conf.d/vial-*`,
    "rm -f etc/resolv.conf etc/hostname var/cache/ldconfig/aux-cache var/cache/debconf/*-old var/lib/dpkg/*-old",
    "rm -f etc/passwd- etc/group- etc/shadow- etc/gshadow- etc/.pwd.lock",
    "rm -rf var/log/apt var/cache/apt/*.bin",
    "find var/log -type f -delete",
    "if [ -d etc/apt ]; then rm -rf etc/apt/sources.list.d/*",
    `printf '%s' ${quoteWord(kept)} > etc/apt/sources.list; fi`,
  ].join("; ");
}

/** In memory where there is plenty: dpkg waits for the disk at every file, and a third of the time goes (31 s, 22 s). */
function workFolder(): { readonly TMPDIR?: string } {
  const plenty = 4 * 2 ** 30;
  const memory = "/dev/shm";
  if ((process.env.TMPDIR ?? "") !== "") return {};
  try {
    const { bavail, bsize } = statfsSync(memory);
    const available =
      Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1] ?? 0) * 1024;
    const mounted = readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .find((line) => line.split(" ")[1] === memory);
    const runsPrograms = mounted !== undefined && !/\bnoexec\b/.test(mounted);
    return runsPrograms && Math.min(bavail * bsize, available) >= plenty ? { TMPDIR: memory } : {};
  } catch {
    // No such folder: mmdebstrap takes /tmp.
    return {};
  }
}

/** The tar stream; when the program failed, its end is that error, so that a part is never taken for the whole. */
async function* endedWell(
  child: ReturnType<typeof startMmdebstrap>,
  image: string,
): AsyncGenerator<Uint8Array, void> {
  yield* child.tar;
  const { exitCode, said } = await child.ended;
  if (exitCode === 0) return;
  const unknown = [...said.matchAll(/^E: Unable to locate package (\S+)/gm)].map((match) => match[1] ?? "");
  if (unknown.length > 0) throw bootstrapPackageUnknown(image, [...new Set(unknown)]);
  throw bootstrapFailed(image, exitCode, complaints(said));
}

function createdBy(wish: BootstrapWish, suite: string): string {
  const include = wish.include.length === 0 ? "" : ` --include ${wish.include.join(",")}`;
  return `vial bootstrap ${wish.distribution} ${suite} --variant ${wish.variant}${include}`;
}

/** Counts packages from one line to the next. Essential packages come first, the rest later: two counts. */
function counter(progress: (step: BootstrapStep) => void): (line: string) => void {
  let phase: BootstrapStep["phase"] = "prepare";
  let done = 0;
  let total: number | undefined;
  let downloaded: number | undefined;
  return (line) => {
    const event = parseMmdebstrapLine(line);
    if (event === undefined) return;
    if (event.kind === "phase") {
      if (event.phase === phase) return;
      phase = event.phase;
      done = 0;
      // All that was downloaded at first are the essential packages that are configured next.
      total = phase === "essential" ? downloaded : undefined;
    } else if (event.kind === "packages") {
      total = event.count;
      if (phase === "download") downloaded = event.count;
    } else if (event.kind === "downloaded" ? phase === "download" : phase !== "download") {
      done++;
    }
    progress({ phase, ...(total === undefined ? {} : { done: Math.min(done, total), total }) });
  };
}

/** The names an image gets when none is given: `debian:bookworm`, and `debian:latest` beside it. */
export function defaultNames(distribution: string, suite: string): string[] {
  checkWords(suite, []);
  return [`${distribution}:${suite}`, `${distribution}:latest`];
}
