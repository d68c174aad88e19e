import type { LayerDifference } from "#image";

// Why a file is not the same twice, as far as its name and its bytes tell.

export interface LikelyCause {
  readonly cause:
    | "time stamp"
    | "random name or value"
    | "order"
    | "cache file"
    | "number of CPUs"
    | "unknown";
  /** What was found, as a clause. */
  readonly because: string;
  /** What a person can do, as an imperative. */
  readonly next: string;
}

/** What the two builds were: times in seconds since 1970, and how many processors each program saw. */
export interface BuildTimes {
  readonly from: number;
  readonly to: number;
  readonly cpus: readonly [number, number];
}

const caches: readonly (readonly [pattern: RegExp, what: string, next: string])[] = [
  [
    /(?:^|\/)__pycache__\/|\.pyc$/,
    "Python's compiled files",
    "set ENV PYTHONDONTWRITEBYTECODE=1, or compile with `python3 -m compileall --invalidation-mode unchecked-hash`",
  ],
  [/^var\/log\//, "a log", "remove it at the end of the same step: rm -rf /var/log/*"],
  [
    /^var\/cache\/ldconfig\//,
    "the cache of ldconfig",
    "remove it at the end of the same step: rm -f /var/cache/ldconfig/aux-cache",
  ],
  [
    /^var\/(?:cache|lib\/apt\/lists)\//,
    "a cache",
    "remove it at the end of the same step, or put it on a RUN --mount=type=cache",
  ],
  [
    /(?:^|\/)\.(?:cache|npm)\//,
    "a cache",
    "remove it at the end of the same step, or use RUN --mount=type=cache",
  ],
  [/^(?:var\/)?tmp\//, "a temporary file", "remove it at the end of the same step"],
  [
    /^etc\/machine-id$/,
    "the number of a machine",
    "empty it at the end of the same step: : > /etc/machine-id",
  ],
  [/^etc\/ssh\/ssh_host_/, "the key of a machine", "remove it, and make it when the container starts"],
];

/** The likely cause of one difference. */
export function likelyCause(difference: LayerDifference, times: BuildTimes): LikelyCause {
  const { path, kind, first, second } = difference;
  const known = caches.find(([pattern]) => pattern.test(path));
  const isAlone = kind === "only-first" || kind === "only-second";
  const named = isAlone ? randomName(path) : undefined;
  if (named?.cause === "random name or value")
    return known === undefined ? named : { ...named, next: known[2] };
  if (known !== undefined) return { cause: "cache file", because: `it is ${known[1]}`, next: known[2] };
  switch (kind) {
    case "only-first":
    case "only-second":
      return named ?? unknown(kind);
    case "time":
      return timeStamp("its time differs", "set it: touch -d @$SOURCE_DATE_EPOCH FILE");
    case "order":
      return {
        cause: "order",
        because: "the same files come in another order",
        next: "tell us: the order is Vial's to keep",
      };
    case "content":
      return first === undefined || second === undefined
        ? unknown("too many files differ to look into each")
        : contentCause(first, second, times);
    default:
      return causeOfText(difference.says?.[0] ?? "", difference.says?.[1] ?? "", times) ?? unknown(kind);
  }
}

/** The text around the first byte that differs, of both files, for people to read. */
export function excerpts(first: Buffer, second: Buffer): readonly [string, string] {
  const at = firstDifference(first, second);
  return [around(first, at), around(second, at)];
}

function contentCause(first: Buffer, second: Buffer, times: BuildTimes): LikelyCause {
  const container = containerCause(first, second);
  if (container !== undefined) return container;
  if (isText(first) && isText(second)) {
    const [a, b] = [first.toString("latin1").split("\n"), second.toString("latin1").split("\n")];
    if (a.length > 1 && a.toSorted().join("\n") === b.toSorted().join("\n"))
      return order("the same lines come in another order");
    const [x, y] = [a.join(" ").split(/\s+/), b.join(" ").split(/\s+/)];
    if (x.length > 1 && x.toSorted().join(" ") === y.toSorted().join(" "))
      return order("the same words come in another order");
  }
  // Each differing place in turn: the first that speaks decides.
  for (const at of differences(first, second)) {
    if (isTimeAt(first, at, times) && isTimeAt(second, at, times))
      return timeStamp(`it says "${wordAt(first, at)}" and "${wordAt(second, at)}"`, fromEpoch);
    const found = causeOfText(wordAt(first, at), wordAt(second, at), times);
    if (found !== undefined) return found;
    const binary = binaryTime(first, second, at, times);
    if (binary !== undefined) return binary;
  }
  if (first.length === second.length && isNoise(first, second))
    return random("the bytes have nothing in common");
  return unknown("neither its name nor its bytes tell why");
}

/** Formats that keep a time in their heads. */
function containerCause(first: Buffer, second: Buffer): LikelyCause | undefined {
  const starts = (magic: string) => {
    const bytes = Buffer.from(magic, "latin1");
    return first.subarray(0, bytes.length).equals(bytes) && second.subarray(0, bytes.length).equals(bytes);
  };
  if (starts("\x1f\x8b") && !first.subarray(4, 8).equals(second.subarray(4, 8)))
    return timeStamp("gzip wrote the time into its head", "compress with gzip -n");
  if (starts("!<arch>\n")) return timeStamp("an archive of ar keeps times", "use ar with D: ar rcsD");
  if (starts("PK\x03\x04"))
    return timeStamp("a zip archive keeps times", "zip with -X, and set the times of the files before");
  return undefined;
}

function causeOfText(first: string, second: string, times: BuildTimes): LikelyCause | undefined {
  if (first === second) return undefined;
  const quoted = `"${shorten(first)}" and "${shorten(second)}"`;
  if (isTime(first, times) && isTime(second, times)) return timeStamp(`it says ${quoted}`, fromEpoch);
  if (first === String(times.cpus[0]) && second === String(times.cpus[1]) && first !== second)
    return {
      cause: "number of CPUs",
      because: `it says ${quoted}`,
      next: "do not write the number of processors into a file",
    };
  const [a, b] = [strange(first), strange(second)];
  if (a !== undefined && b !== undefined && a !== b) return random(`it says ${quoted}`);
  return undefined;
}

const fromEpoch = "take the time from SOURCE_DATE_EPOCH, which the step has in its environment";
const months = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec";
const times = [
  /\b\d{1,2}:\d{2}(?::\d{2})?\b/g,
  /\b(?:19|20)\d{2}[-/]?[01]\d[-/]?[0-3]\d/g,
  new RegExp(`\\b(?:${months})[a-z]* +\\d{1,2}\\b`, "g"),
  new RegExp(`\\b\\d{1,2} (?:${months})`, "g"),
];

/**
 * Is there a clock, a date, or a number of seconds, milliseconds or nanoseconds since 1970 at about the time of the
 * builds, and does it reach over the place `at`?
 */
function isTime(text: string, build: BuildTimes, at?: number): boolean {
  const covers = (match: RegExpExecArray) =>
    at === undefined || (match.index <= at && at <= match.index + match[0].length);
  if (times.some((pattern) => [...text.matchAll(pattern)].some(covers))) return true;
  return [...text.matchAll(/\d{10,19}/g)].some((match) => {
    const seconds = Number(match[0].slice(0, 10));
    return covers(match) && seconds >= build.from - 86_400 && seconds <= build.to + 86_400;
  });
}

/** Whether the byte `at` is in a time; the words around it belong to it ("Nov 25 2026"). */
function isTimeAt(bytes: Buffer, at: number, build: BuildTimes): boolean {
  const from = Math.max(0, at - 32);
  return isTime(bytes.subarray(from, at + 32).toString("latin1"), build, at - from);
}

/** Four bytes that are a number of seconds since 1970 at the time of the builds. */
function binaryTime(first: Buffer, second: Buffer, at: number, times: BuildTimes): LikelyCause | undefined {
  for (let start = Math.max(0, at - 3); start <= at; start++) {
    if (start + 4 > first.length || start + 4 > second.length) continue;
    for (const read of ["readUInt32LE", "readUInt32BE"] as const) {
      const [a, b] = [first[read](start), second[read](start)];
      const near = (value: number) => value >= times.from - 60 && value <= times.to + 60;
      if (a !== b && near(a) && near(b))
        return timeStamp(`the seconds since 1970 stand at its byte ${start}`, fromEpoch);
    }
  }
  return undefined;
}

/** The part of a word that nobody would write: a UUID, many hexadecimal digits, mixed letters and digits. */
function strange(text: string): string | undefined {
  const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i.exec(text)?.[0];
  if (uuid !== undefined) return uuid;
  const words = text.match(/[A-Za-z0-9+/=_]{6,}/g) ?? [];
  return words.find((word) => /\d/.test(word) || (/[a-z]/.test(word) && /[A-Z]/.test(word)));
}

function randomName(path: string): LikelyCause {
  const name = path.slice(path.lastIndexOf("/") + 1);
  // mktemp(1): "tmp.Wreyxf" has six letters of both cases and no digit.
  if (/(?:^|[._-])(?:te?mp|x{0,3})[._-]/i.test(name) || strange(name) !== undefined)
    return random("its name is another each time");
  return unknown("it is there in one of the builds alone");
}

function* differences(first: Buffer, second: Buffer): Generator<number, void> {
  const end = Math.min(first.length, second.length);
  let found = 0;
  for (let at = 0; at < end && found < 32; at++) {
    if (first[at] === second[at]) continue;
    yield at;
    found++;
    // Past this word.
    while (at < end && isWordByte(first[at]!)) at++;
  }
  if (found === 0) yield end;
}

function firstDifference(first: Buffer, second: Buffer): number {
  const end = Math.min(first.length, second.length);
  for (let at = 0; at < end; at++) if (first[at] !== second[at]) return at;
  return end;
}

/** Letters, digits and what stands inside of dates and times. */
function isWordByte(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

/** The words around a place: a date has blanks in it. */
function wordAt(bytes: Buffer, at: number): string {
  let [from, to] = [at, at];
  while (from > 0 && at - from < 24 && isWordByte(bytes[from - 1]!)) from--;
  while (to < bytes.length && to - at < 48 && isWordByte(bytes[to]!)) to++;
  return bytes.subarray(from, to).toString("latin1");
}

function around(bytes: Buffer, at: number): string {
  const text = bytes.subarray(Math.max(0, at - 24), at + 40).toString("latin1");
  // One line of it, without what cannot be seen.
  const before = text.slice(0, Math.min(24, at)).split("\n").at(-1) ?? "";
  const behind = text.slice(Math.min(24, at)).split("\n")[0] ?? "";
  return `${before}${behind}`.replace(/[\x00-\x1f\x7f-\xff]/g, ".");
}

function isText(bytes: Buffer): boolean {
  return !bytes.subarray(0, 8192).includes(0);
}

/** Less than every tenth byte is the same: two draws of random bytes, or two compressions. */
function isNoise(first: Buffer, second: Buffer): boolean {
  if (first.length < 8) return false;
  let same = 0;
  for (let at = 0; at < first.length; at++) if (first[at] === second[at]) same++;
  return same * 10 < first.length;
}

function timeStamp(because: string, next: string): LikelyCause {
  return { cause: "time stamp", because, next };
}

function random(because: string): LikelyCause {
  return {
    cause: "random name or value",
    because,
    next: "give the program a fixed name or seed, or remove the file in the same step",
  };
}

function order(because: string): LikelyCause {
  return {
    cause: "order",
    because,
    next: "sort what the program reads (`LC_ALL=C sort`): folders have no order",
  };
}

function unknown(because: string): LikelyCause {
  return { cause: "unknown", because, next: "compare the two files by `diffoscope`" };
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
