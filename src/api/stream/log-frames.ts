import { type Engine, type LogWish, type OutputStream, readLog } from "#engine";

export interface LogFramesWish extends Partial<LogWish> {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly write: (stream: OutputStream, bytes: Uint8Array) => Promise<void>;
}

/** Hands the chosen streams of a container's log to `write`, one piece after the other. */
export async function sendLog(engine: Engine, id: string, wish: LogFramesWish): Promise<void> {
  const slices = readLog(engine, id, {
    follow: wish.follow ?? false,
    tail: wish.tail,
    since: wish.since,
    until: wish.until,
    timestamps: wish.timestamps ?? false,
    details: wish.details ?? false,
    signal: wish.signal,
  });
  for await (const { stream, bytes } of slices) {
    if (stream === "stdout" ? wish.stdout : wish.stderr) await wish.write(stream === "stdout" ? 1 : 2, bytes);
    if (wish.signal?.aborted === true) return;
  }
}
