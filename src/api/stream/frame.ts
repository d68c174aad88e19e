import type { OutputStream } from "#engine";

/** What docker clients expect of streams that carry two outputs in one connection, and of a terminal's. */
export const streamType = {
  multiplexed: "application/vnd.docker.multiplexed-stream",
  raw: "application/vnd.docker.raw-stream",
} as const;

/** The media type by the asked version: before 1.42 there was one name for both (as dockerd 20.10 answers). */
export function streamTypeOf(terminal: boolean, version: number): string {
  return terminal || version < 42 ? streamType.raw : streamType.multiplexed;
}

const headSize = 8;

/** One frame of two outputs in one stream: `[stream, 0, 0, 0, length as 32 bits, the most significant byte first]`. */
export function frame(stream: OutputStream, bytes: Uint8Array): Buffer {
  const whole = Buffer.allocUnsafe(headSize + bytes.length);
  whole.writeUInt32BE(stream << 24, 0);
  whole.writeUInt32BE(bytes.length, 4);
  whole.set(bytes, headSize);
  return whole;
}
