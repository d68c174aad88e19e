import { createReadStream, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { contextMissing, isGit } from "#engine";
import { parseSize } from "#spec";
import { readPairs } from "../../container-wish.ts";
import { fileUnreadable } from "../../error.ts";
import { outLine } from "../../print.ts";
import type { Flags } from "../../parse.ts";
import { contextTar } from "../context-tar.ts";
import { remoteNotYet } from "../error.ts";
import { showMessages } from "../progress.ts";
import type { RemoteCommand } from "../remote-command.ts";

export const build: RemoteCommand = {
  flags: [
    ..."add-host build-arg disable-content-trust file force-rm iidfile label load network no-cache platform".split(
      " ",
    ),
    ..."progress provenance pull quiet rm sbom shm-size tag target".split(" "),
  ],
  async run(engine, flags, [place = ""]) {
    const { stream, dockerfile, remote } = readContext(flags, place, engine.name);
    const shm = flags.text("shm-size");
    const args = Object.fromEntries(flags.list("build-arg").map(readArgument));
    const labels = readPairs("--label", flags.list("label"));
    const quiet = flags.bool("quiet");
    const messages = engine.documents("POST", "/build", {
      query: {
        buildargs: Object.keys(args).length === 0 ? undefined : args,
        dockerfile,
        extrahosts: flags.list("add-host").join(",") || undefined,
        labels: Object.keys(labels).length === 0 ? undefined : labels,
        networkmode: flags.filled("network"),
        nocache: flags.bool("no-cache"),
        platform: flags.filled("platform"),
        pull: flags.bool("pull"),
        q: quiet,
        remote,
        rm: true,
        shmsize: shm === undefined ? undefined : parseSize(shm),
        t: flags.list("tag"),
        target: flags.filled("target"),
        version: 1,
      },
      headers: { "Content-Type": "application/x-tar", "X-Registry-Config": "e30=" },
      ...(stream === undefined ? {} : { stream }),
    });
    const id = await showMessages(messages, { quiet, to: "output" });
    if (quiet && id !== undefined) outLine(id);
    const file = flags.filled("iidfile");
    if (file !== undefined && id !== undefined) writeFileSync(file, id);
    return 0;
  },
};

interface SentContext {
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly dockerfile: string;
  /** An address that the other engine fetches itself. */
  readonly remote?: string;
}

function readContext(flags: Flags, place: string, engine: string): SentContext {
  const file = flags.filled("file");
  if (file === "-") throw remoteNotYet("build -f -", engine);
  if (isGit(place) || /^https?:\/\//.test(place)) return { remote: place, dockerfile: file ?? "Dockerfile" };
  if (place === "-") return { stream: createReadStream("", { fd: 0 }), dockerfile: file ?? "Dockerfile" };
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) throw contextMissing(place);
  const recipe = file ?? `${place}/Dockerfile`;
  const dockerfile = relative(resolve(place), resolve(recipe));
  if (!existsSync(recipe)) throw fileUnreadable("--file", recipe, "there is no such file");
  if (dockerfile.startsWith("..")) throw remoteNotYet(`build -f ${recipe}`, engine);
  const ignoreFile = [`${recipe}.dockerignore`, `${place}/.dockerignore`].find((path) => existsSync(path));
  const ignore = ignoreFile === undefined ? undefined : readFileSync(ignoreFile, "utf8");
  return { stream: contextTar(place, ignore, [dockerfile, ".dockerignore"]), dockerfile };
}

/** Without a value it is taken from here; null where there is none, as docker's client sends it. */
function readArgument(text: string): [string, string | null] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, process.env[text] ?? null] : [text.slice(0, equals), text.slice(equals + 1)];
}
