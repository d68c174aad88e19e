const newline = 10;

/** The lines of a stream of bytes, as UTF-8 without their `\n`. A last line without one is given too. */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  // Cut at the byte, not at the character: a chunk may end inside of one.
  const decoder = new TextDecoder();
  let pending: Uint8Array[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      pending.push(chunk.subarray(start, end));
      yield decoder.decode(joined(pending));
      pending = [];
      start = end + 1;
    }
    // A copy, because the stream may use its buffer again.
    if (start < chunk.byteLength) pending.push(chunk.slice(start));
  }
  if (pending.length > 0) yield decoder.decode(joined(pending));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
}
