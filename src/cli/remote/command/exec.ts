import { readEnvironment } from "../../container-wish.ts";
import { inputNoTerminal, optionsConflict } from "../../error.ts";
import { isTerminal } from "../../print.ts";
import { joinStreams } from "../join.ts";
import type { RemoteCommand } from "../remote-command.ts";
import { documentOf, numberOf, textOf } from "../row.ts";
import { passSignalsOn } from "../signals.ts";

export const exec: RemoteCommand = {
  flags: ["detach", "env", "env-file", "interactive", "privileged", "tty", "user", "workdir"],
  async run(engine, flags, [name = "", ...command]) {
    const [terminal, stdin, detach] = [flags.bool("tty"), flags.bool("interactive"), flags.bool("detach")];
    if (terminal && stdin && !detach && !isTerminal(0)) throw inputNoTerminal("exec", "-it");
    const container = `/containers/${encodeURIComponent(name)}`;
    const made = documentOf(
      await engine.ask("POST", `${container}/exec`, {
        json: {
          Cmd: command,
          Env: readEnvironment(flags),
          User: flags.text("user") ?? "",
          WorkingDir: flags.text("workdir") ?? "",
          Privileged: flags.bool("privileged"),
          Tty: terminal,
          AttachStdin: stdin && !detach,
          AttachStdout: !detach,
          AttachStderr: !detach,
          Detach: detach,
        },
      }),
    );
    const path = `/exec/${encodeURIComponent(textOf(made.Id))}`;
    const json = { Detach: detach, Tty: terminal };
    if (detach) {
      await engine.ask("POST", `${path}/start`, { json });
      return 0;
    }
    const joined = await engine.hijack(`${path}/start`, { json });
    await joinStreams(engine, joined, { stdin, terminal, resize: `${path}/resize` });
    return numberOf(documentOf(await engine.ask("GET", `${path}/json`)).ExitCode);
  },
};

export const attach: RemoteCommand = {
  flags: ["no-stdin", "sig-proxy"],
  run: (engine, flags, [name = ""]) =>
    follow(engine, name, {
      stdin: !flags.bool("no-stdin"),
      passSignals: flags.boolOr("sig-proxy", true),
      starts: false,
    }),
};

export const start: RemoteCommand = {
  flags: ["attach", "interactive"],
  async run(engine, flags, names) {
    if (flags.bool("attach") || flags.bool("interactive")) {
      const [name = "", second] = names;
      if (second !== undefined)
        throw optionsConflict("--attach", "several containers", "their output could not be told apart");
      return await follow(engine, name, {
        stdin: flags.bool("interactive"),
        passSignals: true,
        starts: true,
      });
    }
    const { forEach } = await import("../../for-each.ts");
    return await forEach(names, async (name) => {
      await engine.ask("POST", `/containers/${encodeURIComponent(name)}/start`);
      return name;
    });
  },
};

async function follow(
  engine: Parameters<RemoteCommand["run"]>[0],
  name: string,
  wish: { readonly stdin: boolean; readonly passSignals: boolean; readonly starts: boolean },
): Promise<number> {
  const path = `/containers/${encodeURIComponent(name)}`;
  const config = documentOf(documentOf(await engine.ask("GET", `${path}/json`)).Config);
  const terminal = config.Tty === true;
  const stdin = wish.stdin && config.OpenStdin === true;
  const joined = await engine.hijack(`${path}/attach`, {
    query: { stream: true, stdin, stdout: true, stderr: true },
  });
  const ended = await engine.open("POST", `${path}/wait`, {
    query: { condition: wish.starts ? "next-exit" : undefined },
  });
  if (wish.starts) await engine.ask("POST", `${path}/start`);
  const stop = wish.passSignals && !terminal ? passSignalsOn(engine, path) : () => {};
  try {
    await joinStreams(engine, joined, { stdin, terminal, resize: `${path}/resize` });
    let text = "";
    for await (const bytes of ended.reply.body) text += Buffer.from(bytes).toString();
    return numberOf(documentOf(JSON.parse(text)).StatusCode);
  } finally {
    stop();
    ended.wire.close();
  }
}
