import type { Readable } from "node:stream";
import { startPiped } from "#host";
import type { ChildAnswer } from "../child-call.ts";
import { valueOfChild } from "../child-call.ts";
import type { Engine } from "../engine-handle.ts";
import { childCallFailed } from "../error.ts";
import { ownProgram } from "./exit-command.ts";

// archive.ts in a process of its own: its output comes as it is made, and its input is taken as it is read.

const verb = "internal-archive";

/** readContainerArchive() as a stream. `signal` ends it. What goes wrong after the first byte is thrown at the end. */
export async function* readArchiveApart(
  engine: Engine,
  id: string,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const child = startPiped(commandOf(engine, "get", id, path), { stdin: false });
  const said = textOf(child.stderr);
  const kill = () => child.kill();
  signal.addEventListener("abort", kill);
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>;
    const code = await child.exited;
    if (code !== 0) throw childCallFailed(verb, code, (await said).trim());
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
  }
}

/** writeContainerArchive() of a stream. A stream that breaks off leaves what had come, and is an error. */
export async function writeArchiveApart(
  engine: Engine,
  id: string,
  path: string,
  source: { readonly body: Readable; readonly asUser: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const words = commandOf(engine, source.asUser ? "put-as-user" : "put", id, path);
  const child = startPiped(words, { stdin: true });
  const kill = () => child.kill();
  source.signal.addEventListener("abort", kill);
  try {
    if (child.stdin !== undefined) source.body.pipe(child.stdin);
    const [out, said, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), child.exited]);
    let answer: ChildAnswer;
    try {
      answer = JSON.parse(out) as ChildAnswer;
    } catch {
      throw childCallFailed(verb, code, said.trim());
    }
    valueOfChild(answer);
  } finally {
    source.body.unpipe();
    source.signal.removeEventListener("abort", kill);
    kill();
  }
}

function commandOf(
  engine: Engine,
  way: "get" | "put" | "put-as-user",
  id: string,
  path: string,
): [string, ...string[]] {
  const [program, ...words] = ownProgram();
  return [program, ...words, verb, engine.place.root, engine.place.run, way, id, path];
}

/** A few kilobytes at most, of a program of our own. */
async function textOf(stream: Readable): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
