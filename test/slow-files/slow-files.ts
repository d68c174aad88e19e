import { fileURLToPath } from "node:url";
import { type Counts, isMetadata } from "./server.ts";
import type { RequestKind } from "./protocol.ts";

// A file system on which every question costs time, as on a cluster: for tests and the bench. main.ts has the story.

export interface SlowFilesOptions {
  /** Of each request for metadata. */
  readonly milliseconds?: number;
  /** How long the kernel may remember names and attributes. */
  readonly rememberSeconds?: number;
}

export interface SlowFiles extends AsyncDisposable {
  readonly pid: number;
  /** What was asked so far, by kind. */
  counts(): Promise<Counts>;
}

/** Requests that were waited for. */
export function metadataOf(counts: Counts): number {
  return Object.entries(counts).reduce(
    (sum, [kind, count]) => sum + (isMetadata(kind as RequestKind) ? count : 0),
    0,
  );
}

/** Shows `source` at `target` until it is disposed of. Throws what the server said where it does not start. */
export async function openSlowFiles(
  source: string,
  target: string,
  { milliseconds = 2, rememberSeconds = 0 }: SlowFilesOptions = {},
): Promise<SlowFiles> {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const flags = ["--delay", String(milliseconds), "--remember", String(rememberSeconds)];
  const child = Bun.spawn([process.execPath, main, source, target, ...flags], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines = linesOf(child.stdout);
  if ((await lines.next()).value !== "ready")
    throw new Error(`slow-files: ${await new Response(child.stderr).text()}`);
  return {
    pid: child.pid,
    async counts() {
      child.kill("SIGUSR2");
      const { value } = await lines.next();
      if (value === undefined) throw new Error("slow-files has ended");
      return JSON.parse(value) as Counts;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    for (let at = rest.indexOf("\n"); at >= 0; at = rest.indexOf("\n")) {
      yield rest.slice(0, at);
      rest = rest.slice(at + 1);
    }
  }
  return undefined;
}
