import type { Readable } from "node:stream";
import type { PipedProgram } from "#host";
import type { OutputStream } from "./attach-socket.ts";
import type { Joined, TakeOutput } from "./streams.ts";

export interface RunningExec extends Joined {
  readonly pid: number;
  /** The exit code; 128 and the signal's number for one that was killed. */
  readonly exited: Promise<number>;
}

/** A child of the program may hold its output open for ever: so long it is waited for when nothing comes. Milliseconds. */
const silence = 2000;

/** Joins the streams of a program that has pipes. */
export function joinPipes(program: PipedProgram, take: TakeOutput | undefined): RunningExec {
  const { stdin } = program;
  const left = Promise.withResolvers<void>();
  let current = take;
  const outputs = [pass(program.stdout, 1, () => current), pass(program.stderr, 2, () => current)];
  return {
    pid: program.pid,
    exited: program.exited,
    ended: Promise.race([left.promise, untilOver(program, outputs)]),
    write: async (bytes) => {
      if (stdin === undefined || stdin.destroyed || !stdin.writable) return false;
      if (stdin.write(bytes)) return true;
      await new Promise<void>((resolve) => {
        const go = () => {
          stdin.off("drain", go).off("close", go);
          resolve();
        };
        stdin.on("drain", go).on("close", go);
      });
      return !stdin.destroyed;
    },
    finishInput: async () => void stdin?.end(),
    // The program goes on, and what it prints goes nowhere.
    leave: () => {
      current = undefined;
      stdin?.end();
      left.resolve();
    },
  };
}

interface Output {
  readonly stream: Readable;
  readonly closed: Promise<void>;
  lastMoved: number;
  isHeld: boolean;
}

function pass(stream: Readable, number: OutputStream, take: () => TakeOutput | undefined): Output {
  const closed = Promise.withResolvers<void>();
  const output: Output = { stream, closed: closed.promise, lastMoved: performance.now(), isHeld: false };
  stream.on("data", (bytes: Buffer) => {
    output.lastMoved = performance.now();
    const room = take()?.(number, bytes);
    if (room === undefined) return;
    output.isHeld = true;
    stream.pause();
    void room.then(() => {
      output.isHeld = false;
      output.lastMoved = performance.now();
      stream.resume();
    });
  });
  stream.once("end", closed.resolve).once("close", closed.resolve).once("error", closed.resolve);
  return output;
}

async function untilOver(program: PipedProgram, outputs: readonly Output[]): Promise<void> {
  const closed = Promise.all(outputs.map((output) => output.closed));
  await program.exited;
  for (;;) {
    const quiet = () =>
      outputs.every(({ isHeld, lastMoved }) => !isHeld && performance.now() - lastMoved >= silence);
    if (await Promise.race([closed.then(() => true), Bun.sleep(silence / 4).then(quiet)])) break;
  }
  for (const { stream } of outputs) stream.destroy();
}
