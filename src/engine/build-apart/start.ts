import { startProgram } from "#host";
import { receivedError } from "#spec";
import { ownProgram } from "../container/exit-command.ts";
import type { Engine } from "../engine-handle.ts";
import { buildBroken } from "../error.ts";
import type { BuildLine, BuildOrder, PrintedError } from "./order.ts";

/** Milliseconds that a build has to put its things away once it was told to end. */
const patience = 20_000;

/**
 * Builds an image in a process of its own, and gives its ID. `context`: the archive's bytes, when the order speaks of one.
 * When the signal fires, or the context breaks off, the build ends and nothing of it stays. Throws what the build throws.
 */
export async function buildApart(
  engine: Engine,
  order: BuildOrder,
  context: AsyncIterable<Uint8Array> | undefined,
  options: {
    /** The build waits until it resolves: its output must not pile up here. */
    readonly report: (line: Exclude<BuildLine, { kind: "built" | "refused" }>) => Promise<void>;
    readonly signal: AbortSignal;
  },
): Promise<string> {
  const { signal } = options;
  const child = startProgram([...ownProgram(), "internal-build", engine.place.root, engine.place.run], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  let killer: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    child.kill("SIGTERM");
    killer ??= setTimeout(() => child.kill("SIGKILL"), patience);
  };
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  const complaint = new Response(child.stderr as ReadableStream).text();
  try {
    const [fed, told] = await Promise.all([
      feed(child.stdin as Bun.FileSink, order, context, () => child.exitCode === null).then(
        () => undefined,
        (error: unknown) => {
          end();
          return error;
        },
      ),
      listen(child.stdout as ReadableStream<Uint8Array>, options.report),
    ]);
    const exitCode = await child.exited;
    if (told?.kind === "built") return told.id;
    if (fed !== undefined && (await complaint) === "" && told === undefined) throw fed;
    if (told !== undefined) throw errorOf(told.error);
    throw buildBroken(exitCode, (await complaint).trim().split("\n").at(-1) ?? "");
  } finally {
    clearTimeout(killer);
    signal.removeEventListener("abort", end);
  }
}

async function feed(
  input: Bun.FileSink,
  order: BuildOrder,
  context: AsyncIterable<Uint8Array> | undefined,
  isAlive: () => boolean,
): Promise<void> {
  const write = async (bytes: Uint8Array | string) => {
    try {
      await input.write(bytes);
      // Waits until the build has taken it: a gigabyte must not lie in our memory.
      await input.flush();
    } catch (error) {
      // It has ended, and says itself why.
      if (isAlive()) throw error;
    }
  };
  try {
    await write(`${JSON.stringify(order)}\n`);
    for await (const bytes of context ?? []) {
      // What is left is read all the same: a client that cannot send to the end does not listen.
      if (isAlive()) await write(bytes);
    }
  } finally {
    // Also when the context breaks off: the build waits for bytes, and hears no signal meanwhile.
    await Promise.resolve(input.end()).catch(() => {});
  }
}

type Last = Extract<BuildLine, { kind: "built" | "refused" }>;

async function listen(
  output: ReadableStream<Uint8Array>,
  report: (line: Exclude<BuildLine, Last>) => Promise<void>,
): Promise<Last | undefined> {
  let last: Last | undefined;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of output) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) {
      const line = JSON.parse(text) as BuildLine;
      if (line.kind === "built" || line.kind === "refused") last = line;
      else await report(line);
    }
  }
  return last;
}

function errorOf(printed: PrintedError): Error {
  const { kind, code, what, why, where, cause } = printed;
  if (code === "internal") return new Error(what);
  return receivedError({
    kind,
    code,
    what,
    next: "see the build's output",
    ...(why === undefined ? {} : { why }),
    ...(where === undefined ? {} : { where }),
    ...(cause === undefined ? {} : { cause: errorOf(cause) }),
  });
}
