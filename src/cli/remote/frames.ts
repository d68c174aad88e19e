/** The outputs of a container without a terminal: `[stream, 0, 0, 0, length as u32]` and so many bytes. */
export async function* readFrames(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly stream: 1 | 2; readonly bytes: Uint8Array }> {
  let head = Buffer.alloc(0);
  let left = 0;
  let stream: 1 | 2 = 1;
  for await (const part of body) {
    let bytes = Buffer.from(part);
    while (bytes.length > 0) {
      if (left > 0) {
        const own = bytes.subarray(0, left);
        left -= own.length;
        bytes = bytes.subarray(own.length);
        yield { stream, bytes: own };
        continue;
      }
      const wanted = 8 - head.length;
      head = Buffer.concat([head, bytes.subarray(0, wanted)]);
      bytes = bytes.subarray(wanted);
      if (head.length < 8) continue;
      // 3 is an error of the engine itself.
      stream = head[0] === 2 || head[0] === 3 ? 2 : 1;
      left = head.readUInt32BE(4);
      head = Buffer.alloc(0);
    }
  }
}
