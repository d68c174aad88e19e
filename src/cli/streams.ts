import {
  type Attachment,
  type ContainerFolder,
  type ContainerSpec,
  type Streams,
  signalContainer,
} from "#engine";
import { terminalSize, withRawTerminal } from "#host";
import { optionInvalid } from "./error.ts";
import type { Flags } from "./parse.ts";
import { err, errLine, isTerminal, out } from "./print.ts";
import { parseSignal } from "./signal.ts";

/** The streams of this process for a container. */
export function terminalStreams(options: {
  readonly interactive: boolean;
  readonly detachKeys: Uint8Array;
}): Streams {
  return {
    stdin: options.interactive ? 0 : undefined,
    stdout: out,
    stderr: err,
    detachKeys: isTerminal(0) ? options.detachKeys : undefined,
  };
}

/** Parses `--detach-keys ctrl-p,ctrl-q` into bytes. */
export function readDetachKeys(flags: Flags): Uint8Array {
  const text = flags.text("detach-keys") ?? "ctrl-p,ctrl-q";
  return Uint8Array.from(
    text.split(",").map((key) => {
      const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key);
      if (control !== null) return (control[1] ?? "").toUpperCase().charCodeAt(0) & 0x1f;
      if (key.length === 1) return key.charCodeAt(0);
      throw optionInvalid(
        "--detach-keys",
        text,
        `"${key}" is neither one letter nor ctrl- and a letter`,
        "--detach-keys ctrl-p,ctrl-q",
      );
    }),
  );
}

/** Begins a line of its own: the program's prompt may stand in the last one. */
export function sayDetached(name: string): void {
  errLine(`\nvial: "${name}" goes on in the background [next: vial attach ${name}]`);
}

/**
 * With a terminal: raw mode here, its size there and whenever it changes. Without: signals passed on. Gives the function
 * that puts everything back.
 */
export function followTerminal(
  attachment: Attachment,
  place: ContainerFolder,
  spec: ContainerSpec,
  passSignals: boolean,
): () => void {
  const undo: (() => void)[] = [];
  if (spec.terminal && isTerminal(0)) {
    undo.push(withRawTerminal(0));
    const resize = () => {
      const size = terminalSize(0);
      if (size !== undefined) attachment.resize(size.rows, size.columns);
    };
    resize();
    process.on("SIGWINCH", resize);
    undo.push(() => process.off("SIGWINCH", resize));
  }
  if (passSignals) {
    for (const name of ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const) {
      const handler = () => signalContainer(place, parseSignal("signal", name));
      process.on(name, handler);
      undo.push(() => process.off(name, handler));
    }
  }
  return () => {
    for (const step of undo.reverse()) step();
  };
}
