import { connect, type Socket } from "node:net";

/** A connection to the server of the API, byte by byte, as no client library would do it. */
export class RawConnection {
  readonly socket: Socket;
  #bytes = Buffer.alloc(0);
  #changed = Promise.withResolvers<void>();
  isEnded = false;

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on("data", (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    const over = () => {
      this.isEnded = true;
      this.#wake();
    };
    this.socket.on("end", over).on("close", over).on("error", over);
  }

  /** Sends a request that asks for an upgrade, and gives the head of the answer. */
  async upgrade(path: string, body?: unknown): Promise<string> {
    const text = body === undefined ? "" : JSON.stringify(body);
    this.socket.write(
      `POST ${path} HTTP/1.1\r\nHost: vial\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
    return await this.head();
  }

  async head(): Promise<string> {
    await this.until((bytes) => bytes.includes("\r\n\r\n"));
    const end = this.#bytes.indexOf("\r\n\r\n") + 4;
    const head = this.#bytes.toString("latin1", 0, end);
    this.#bytes = this.#bytes.subarray(end);
    return head;
  }

  /** What has come and was not taken yet, when `isEnough`; throws after ten seconds. */
  async until(isEnough: (bytes: Buffer) => boolean): Promise<Buffer> {
    const deadline = performance.now() + 10_000;
    while (!isEnough(this.#bytes)) {
      if (performance.now() > deadline)
        throw new Error(`only ${JSON.stringify(this.#bytes.toString())} came`);
      const { promise } = this.#changed;
      await Promise.race([promise, Bun.sleep(100)]);
    }
    return this.#bytes;
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<Buffer> {
    await this.until(() => this.isEnded);
    return this.#bytes;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** The frames of a multiplexed stream. Throws for half a frame. */
export function framesOf(bytes: Buffer): readonly { readonly stream: number; readonly text: string }[] {
  const frames: { stream: number; text: string }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    if (bytes.length < at + 8 + length) throw new Error(`half a frame at ${at} of ${bytes.length}`);
    frames.push({ stream: bytes.readUInt8(at), text: bytes.toString("utf8", at + 8, at + 8 + length) });
    at += 8 + length;
  }
  return frames;
}
