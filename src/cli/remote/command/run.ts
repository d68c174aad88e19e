import { StartFailure } from "#engine";
import { isVialError } from "#spec";
import { openIdFile } from "../../cidfile.ts";
import { inputNoTerminal } from "../../error.ts";
import type { Flags } from "../../parse.ts";
import { errLine, isTerminal, outLine } from "../../print.ts";
import { voice } from "../../voice.ts";
import { createBody, createFlags } from "../create-body.ts";
import type { RemoteEngine } from "../engine.ts";
import { joinStreams } from "../join.ts";
import type { RemoteCommand } from "../remote-command.ts";
import { documentOf, numberOf, textOf, textsOf } from "../row.ts";
import { passSignalsOn } from "../signals.ts";
import { pullThere } from "./transfer.ts";

type Joined = Awaited<ReturnType<RemoteEngine["open"]>>;

export const run: RemoteCommand = {
  flags: createFlags,
  async run(engine, flags, [image = "", ...command]) {
    const [terminal, interactive, detach] = [
      flags.bool("tty"),
      flags.bool("interactive"),
      flags.bool("detach"),
    ];
    if (terminal && interactive && !detach && !isTerminal(0)) throw inputNoTerminal("run", "-it");
    const id = await createThere(engine, flags, image, command);
    const path = `/containers/${id}`;
    let joined: Joined | undefined;
    let ended: Joined | undefined;
    try {
      if (!detach) {
        joined = await engine.hijack(`${path}/attach`, {
          query: { stream: true, stdin: interactive, stdout: true, stderr: true },
        });
        // Before the start, so that a program that ends at once is not missed; its head is here before we go on.
        ended = await engine.open("POST", `${path}/wait`, {
          query: { condition: flags.bool("rm") ? "removed" : "next-exit" },
        });
      }
      await engine.ask("POST", `${path}/start`);
    } catch (error) {
      joined?.wire.close();
      ended?.wire.close();
      if (flags.bool("rm")) await removeUnstarted(engine, path);
      throw startFault(error);
    }
    if (joined === undefined || ended === undefined) {
      outLine(id);
      return 0;
    }
    const stop = flags.boolOr("sig-proxy", true) && !terminal ? passSignalsOn(engine, path) : () => {};
    try {
      await joinStreams(engine, joined, { stdin: interactive, terminal, resize: `${path}/resize` });
      return await exitCode(ended);
    } finally {
      stop();
    }
  },
};

export const create: RemoteCommand = {
  flags: createFlags,
  async run(engine, flags, [image = "", ...command]) {
    outLine(await createThere(engine, flags, image, command));
    return 0;
  },
};

/** Docker's client does the same: a container that never ran is not removed by itself. */
async function removeUnstarted(engine: RemoteEngine, path: string): Promise<void> {
  await engine.ask("DELETE", path, { query: { force: true } }).catch(() => {
    // An engine that removes it by itself was quicker.
  });
}

/** 127: there is no such program; 126: it cannot be executed. Told from the engine's sentence, as docker's client does. */
function startFault(error: unknown): unknown {
  if (!isVialError(error) || error.code !== "remote-refused") return error;
  const { message } = error;
  if (/executable file not found|no such file or directory|system cannot find the file/.test(message))
    return new StartFailure(127, error);
  return /permission denied|is a directory|operation not permitted/.test(message)
    ? new StartFailure(126, error)
    : error;
}

async function exitCode(ended: Joined): Promise<number> {
  let text = "";
  for await (const bytes of ended.reply.body) text += Buffer.from(bytes).toString();
  ended.wire.close();
  return numberOf(documentOf(JSON.parse(text)).StatusCode);
}

/** Makes the container; an image that is not there is pulled there, as `--pull` says. */
async function createThere(
  engine: RemoteEngine,
  flags: Flags,
  image: string,
  command: readonly string[],
): Promise<string> {
  const pull = flags.filled("pull") ?? "missing";
  const platform = flags.filled("platform");
  const quiet = flags.bool("quiet");
  using idFile = openIdFile(flags.filled("cidfile"));
  if (pull === "always") await pullThere(engine, image, { platform, quiet, to: "errors" });
  const make = async () =>
    documentOf(
      await engine.ask("POST", "/containers/create", {
        query: { name: flags.filled("name"), platform },
        json: createBody(flags, image, command),
      }),
    );
  let made: Readonly<Record<string, unknown>>;
  try {
    made = await make();
  } catch (error) {
    const isMissing =
      isVialError(error) && error.kind === "not-found" && /No such image/i.test(error.message);
    if (pull !== "missing" || !isMissing) throw error;
    voice().imageMissing?.(image);
    await pullThere(engine, image, { platform, quiet, to: "errors" });
    made = await make();
  }
  for (const warning of textsOf(made.Warnings)) errLine(`WARNING: ${warning}`);
  const id = textOf(made.Id);
  idFile?.write(id);
  return id;
}
