import { createReadStream, createWriteStream } from "node:fs";
import { parseReference, printFamiliar, printReference } from "#spec";
import { archiveFromTerminal, archiveToTerminal, tagWithDigest } from "../../error.ts";
import { isTerminal, out, outLine } from "../../print.ts";
import { checkReadable } from "../../readable.ts";
import type { RemoteEngine } from "../engine.ts";
import { showMessages } from "../progress.ts";
import { registryAuth } from "../registry-auth.ts";
import type { RemoteCommand } from "../remote-command.ts";
import { documentOf, textOf } from "../row.ts";

// Images that go to, from or within another engine.

export async function pullThere(
  engine: RemoteEngine,
  name: string,
  wish: {
    readonly platform: string | undefined;
    readonly quiet: boolean;
    readonly to: "output" | "errors";
    readonly all?: boolean;
  },
): Promise<void> {
  const reference = parseReference(name);
  const { tag, digest, ...repository } = reference;
  const messages = engine.documents("POST", "/images/create", {
    query: {
      fromImage: printReference(repository as typeof reference),
      tag: wish.all === true ? undefined : (digest ?? tag ?? "latest"),
      platform: wish.platform,
    },
    headers: await registryAuth(name),
  });
  await showMessages(messages, wish);
}

export const pull: RemoteCommand = {
  flags: ["all-tags", "disable-content-trust", "platform", "quiet"],
  async run(engine, flags, [name = ""]) {
    const quiet = flags.bool("quiet");
    const reference = parseReference(name);
    const all = flags.bool("all-tags");
    const { tag: given } = reference;
    if (!quiet && !all && given === "latest" && !name.endsWith(":latest"))
      outLine("Using default tag: latest");
    await pullThere(engine, name, { platform: flags.filled("platform"), quiet, to: "output", all });
    outLine(printReference(reference));
    return 0;
  },
};

export const push: RemoteCommand = {
  flags: ["all-tags", "disable-content-trust", "quiet"],
  async run(engine, flags, [name = ""]) {
    const reference = parseReference(name);
    const { tag, digest: _, ...repository } = reference;
    const quiet = flags.bool("quiet");
    const messages = engine.documents(
      "POST",
      `/images/${encodeURI(printReference(repository as typeof reference))}/push`,
      {
        query: { tag: flags.bool("all-tags") ? undefined : (tag ?? "latest") },
        headers: await registryAuth(name),
      },
    );
    await showMessages(messages, { quiet, to: "output" });
    if (quiet) outLine(printReference(reference));
    return 0;
  },
};

export const tag: RemoteCommand = {
  flags: [],
  async run(engine, _flags, [name = "", wanted = ""]) {
    const reference = parseReference(wanted);
    if (reference.digest !== undefined) throw tagWithDigest(wanted);
    const { tag: word, ...repository } = reference;
    await engine.ask("POST", `/images/${encodeURI(name)}/tag`, {
      query: {
        repo: printFamiliar({ ...repository } as typeof reference).replace(/:latest$/, ""),
        tag: word ?? "latest",
      },
    });
    return 0;
  },
};

export const save: RemoteCommand = {
  flags: ["output"],
  run: (engine, flags, names) =>
    receive(engine, "/images/get", { names }, flags.filled("output"), () => archiveToTerminal("save")),
};

export const exportContainer: RemoteCommand = {
  flags: ["output"],
  run: (engine, flags, [name = ""]) =>
    receive(engine, `/containers/${encodeURIComponent(name)}/export`, {}, flags.filled("output"), () =>
      archiveToTerminal("export"),
    ),
};

async function receive(
  engine: RemoteEngine,
  path: string,
  query: { readonly names?: readonly string[] },
  target: string | undefined,
  refusal: () => Error,
): Promise<number> {
  if (target === undefined && isTerminal(1)) throw refusal();
  const { reply, wire } = await engine.open("GET", path, { query });
  const file = target === undefined ? undefined : createWriteStream(target);
  for await (const bytes of reply.body) {
    if (file === undefined) out(bytes);
    else if (!file.write(bytes)) await new Promise<void>((resolve) => file.once("drain", resolve));
  }
  if (file !== undefined) await new Promise<void>((resolve) => file.end(resolve));
  wire.close();
  return 0;
}

export const load: RemoteCommand = {
  flags: ["input", "platform", "quiet"],
  async run(engine, flags) {
    const input = flags.filled("input");
    if (input === undefined && isTerminal(0)) throw archiveFromTerminal("load", "-i FILE");
    if (input !== undefined) checkReadable("--input", input);
    const stream = input === undefined ? createReadStream("", { fd: 0 }) : createReadStream(input);
    const messages = engine.documents("POST", "/images/load", {
      query: { quiet: flags.bool("quiet") },
      headers: { "Content-Type": "application/x-tar" },
      stream,
    });
    await showMessages(messages, { quiet: false, to: "output" });
    return 0;
  },
};

export const commit: RemoteCommand = {
  flags: ["author", "change", "message", "pause"],
  async run(engine, flags, [name = "", wanted]) {
    const reference = wanted === undefined ? undefined : parseReference(wanted);
    const answer = await engine.ask("POST", "/commit", {
      query: {
        container: name,
        repo: reference === undefined ? undefined : printFamiliar(reference).replace(/:[^:/]*$/, ""),
        tag: reference?.tag ?? (reference === undefined ? undefined : "latest"),
        author: flags.filled("author"),
        comment: flags.filled("message"),
        changes: flags.list("change"),
        pause: flags.boolOr("pause", true) ? undefined : "0",
      },
      json: {},
    });
    outLine(textOf(documentOf(answer).Id));
    return 0;
  },
};
