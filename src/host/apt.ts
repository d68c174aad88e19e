import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { aptRefused } from "./error.ts";
import { run } from "./run.ts";

// The package sources of this machine, as apt reads them (sources.list(5)): one-line files and deb822 files.

/** One binary source. `suite` ends in "/" for a flat repository, which has no components. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
  /** `trusted=yes`: apt takes it without a signature. */
  readonly trusted: boolean;
  readonly architectures: readonly string[];
}

const aptFolder = "/etc/apt";

/** All sources of this machine that are switched on. Files that cannot be read count as empty, as apt itself takes them. */
export function readAptSources(folder = aptFolder): AptSource[] {
  const parts = list(`${folder}/sources.list.d`);
  return [
    ...parseSourcesList(read(`${folder}/sources.list`)),
    ...parts
      .filter((name) => name.endsWith(".list"))
      .flatMap((name) => parseSourcesList(read(`${folder}/sources.list.d/${name}`))),
    ...parts
      .filter((name) => name.endsWith(".sources"))
      .flatMap((name) => parseDeb822(read(`${folder}/sources.list.d/${name}`))),
  ];
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** `deb [option=value ...] URI suite component...` */
export function parseSourcesList(text: string): AptSource[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)([^#]*)/.exec(line);
    if (match === null) return [];
    const [, optionText = "", uri = "", suite = "", rest = ""] = match;
    const options = new Map(
      optionText
        .trim()
        .split(/\s+/)
        .map(
          (option) =>
            [option.split("=")[0]?.toLowerCase() ?? "", option.slice(option.indexOf("=") + 1)] as const,
        ),
    );
    return [
      {
        uri,
        suite,
        components: words(rest),
        signedBy: options.get("signed-by"),
        trusted: options.get("trusted") === "yes",
        architectures: (options.get("arch") ?? "").split(",").filter((name) => name !== ""),
      },
    ];
  });
}

/** Stanzas of `Key: value`; a line that begins with a blank goes on with the value above it. */
export function parseDeb822(text: string): AptSource[] {
  const plain = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n");
  return plain.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    for (const match of stanza.matchAll(/^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)/gm))
      fields.set((match[1] ?? "").toLowerCase(), (match[2] ?? "").trim());
    const field = (name: string) => words(fields.get(name) ?? "");
    if (!field("types").includes("deb") || /^(no|false|off|0)$/i.test(fields.get("enabled") ?? "yes"))
      return [];
    const signedBy = fields.get("signed-by");
    return field("uris").flatMap((uri) =>
      field("suites").map((suite) => ({
        uri,
        suite,
        components: field("components"),
        // A key written out in the file has no path that could be handed on.
        signedBy: signedBy?.startsWith("/") ? signedBy : undefined,
        trusted: fields.get("trusted") === "yes",
        architectures: field("architectures"),
      })),
    );
  });
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** One line of sources.list(5). */
export function printAptSource(source: AptSource): string {
  const options = [
    ...(source.signedBy === undefined ? [] : [`signed-by=${source.signedBy}`]),
    ...(source.trusted ? ["trusted=yes"] : []),
  ];
  const bracket = options.length === 0 ? "" : `[${options.join(" ")}] `;
  return `deb ${bracket}${source.uri} ${[source.suite, ...source.components].join(" ")}`;
}

/** An address without user and password, for whatever leaves this machine. */
export function withoutCredentials(uri: string): string {
  return uri.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1");
}

/** How this machine reaches its sources: proxies, time-outs, validity dates; lines of apt.conf(5). */
export async function readAptAcquire(): Promise<string> {
  const { stdout } = await run("apt-config", ["dump"]);
  const wanted = /^Acquire::(?:(?:http|https|ftp)(?:::|\s)|Check-|Retries|ForceIPv|AllowInsecure|AllowWeak)/i;
  return stdout
    .split("\n")
    .filter((line) => wanted.test(line) && !line.endsWith(' "";'))
    .map((line) => `${line}\n`)
    .join("");
}

/** When the archive of a source was published: the `Date` of its Release file, in seconds since 1970. Fetches that file alone. */
export async function fetchReleaseTime(source: AptSource): Promise<number> {
  const folder = mkdtempSync(`${tmpdir()}/vial-apt-`);
  try {
    writeFileSync(`${folder}/sources.list`, `${printAptSource(source)}\n`);
    writeFileSync(`${folder}/status`, "");
    const result = await run(
      "apt-get",
      [
        "update",
        "-q",
        ...[
          `Dir::Etc::SourceList=${folder}/sources.list`,
          "Dir::Etc::SourceParts=/dev/null",
          `Dir::State=${folder}`,
          `Dir::State::status=${folder}/status`,
          `Dir::Cache=${folder}/cache`,
          "Acquire::Languages=none",
          "Acquire::IndexTargets::deb::Packages::DefaultEnabled=false",
          // The folder belongs to the caller alone, so apt's own user could not write there.
          "APT::Sandbox::User=",
        ].flatMap((option) => ["-o", option]),
      ],
      { env: { ...(process.env as Record<string, string>), LC_ALL: "C" } },
    );
    const release = list(`${folder}/lists`).find((name) => /_(In)?Release$/.test(name));
    const date = /^Date: (.+)$/m.exec(release === undefined ? "" : read(`${folder}/lists/${release}`))?.[1];
    const time = date === undefined ? Number.NaN : Date.parse(date);
    if (result.exitCode !== 0 || Number.isNaN(time))
      throw aptRefused(
        withoutCredentials(source.uri),
        source.suite,
        complaints(`${result.stderr}\n${result.stdout}`),
      );
    return Math.floor(time / 1000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The lines of apt's output that complain, without passwords. */
export function complaints(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  const bad = lines.filter((line) =>
    /^(E|W|Err|dpkg):|\berror: |\bfailed\b|\bunable to\b|\bcannot\b/i.test(line),
  );
  return (bad.length > 0 ? bad : lines.filter((line) => line !== ""))
    .slice(-4)
    .join("; ")
    .replace(/([a-z]+:\/\/)[^/@\s]*@/gi, "$1");
}
