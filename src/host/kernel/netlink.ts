import { closeSync, readSync, writeSync } from "node:fs";
import { checked, SystemError } from "./libc.ts";
import { systemCall } from "./system-call.ts";

// Netlink (netlink(7)): requests to the kernel's network in this process, some microseconds each, where ip(8) takes
// milliseconds to start. Numbers are in the machine's order, little-endian.

const AF_NETLINK = 16n;
const SOCK_RAW_CLOEXEC = 0o2000003n;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;

const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_DUMP = 0x300;
/** Of a new thing: fail when it is there. */
export const exclusive = 0x600;

const headerSize = 16;
const protocols = { route: 0n, netfilter: 12n } as const;

/** One request. */
export interface NetlinkMessage {
  readonly type: number;
  /** Beyond those that every request has. */
  readonly flags?: number;
  readonly body: Uint8Array;
  /** What it does, for the error: "add the address 10.88.0.2". */
  readonly what: string;
}

/** An attribute: its length, its kind, its value, and zeros up to the next multiple of four. */
export function attribute(kind: number, value: string | number | Uint8Array): Buffer {
  const bytes = valueBytes(value);
  const whole = Buffer.alloc(4 + Math.ceil(bytes.length / 4) * 4);
  whole.writeUInt16LE(4 + bytes.length, 0);
  whole.writeUInt16LE(kind, 2);
  whole.set(bytes, 4);
  return whole;
}

function valueBytes(value: string | number | Uint8Array): Uint8Array {
  if (typeof value === "string") return Buffer.from(`${value}\0`);
  if (typeof value !== "number") return value;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}

/** An attribute that holds attributes. */
export function nested(kind: number, ...inner: readonly Uint8Array[]): Buffer {
  return attribute(kind, Buffer.concat(inner));
}

/** The attributes of an answer from `offset` on, by kind; of several of one kind the last. */
export function readAttributes(body: Buffer, offset: number): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = offset; at + 4 <= body.length; ) {
    const length = body.readUInt16LE(at);
    if (length < 4 || at + length > body.length) break;
    // The two highest bits say how the value is written.
    found.set(body.readUInt16LE(at + 2) & 0x3fff, body.subarray(at + 4, at + length));
    at += Math.ceil(length / 4) * 4;
  }
  return found;
}

/** An open socket. It belongs to the network namespace in which it was opened, wherever this thread goes later. */
export class Netlink implements Disposable {
  readonly #fd: number;
  #sequence = 0;

  constructor(protocol: keyof typeof protocols = "route") {
    this.#fd = checked("socket", systemCall("socket", AF_NETLINK, SOCK_RAW_CLOEXEC, protocols[protocol]));
  }

  /** Sends requests in one go. The kernel takes them in order; throws the SystemError of the first that failed. */
  send(messages: readonly NetlinkMessage[]): void {
    const first = this.#sequence + 1;
    writeSync(this.#fd, Buffer.concat(messages.map((message) => this.#frame(message, NLM_F_ACK))));
    let failure: SystemError | undefined;
    for (let left = messages.length; left > 0; ) {
      for (const { type, sequence, body } of this.#read()) {
        if (type !== NLMSG_ERROR) continue;
        left--;
        const code = -body.readInt32LE(0);
        if (code !== 0) failure ??= new SystemError(messages[sequence - first]?.what ?? "netlink", code);
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** Asks for one thing: its answer's body, or undefined when the kernel has none such. */
  ask(message: NetlinkMessage, absent: readonly string[]): Buffer | undefined {
    writeSync(this.#fd, this.#frame(message, NLM_F_ACK));
    let answer: Buffer | undefined;
    for (;;) {
      for (const { type, body } of this.#read()) {
        if (type !== NLMSG_ERROR) {
          answer = body;
          continue;
        }
        const code = -body.readInt32LE(0);
        if (code === 0) return answer;
        const error = new SystemError(message.what, code);
        if (absent.includes(error.code)) return undefined;
        throw error;
      }
    }
  }

  /** Asks for all of a kind. */
  list(message: NetlinkMessage): readonly Buffer[] {
    writeSync(this.#fd, this.#frame(message, NLM_F_DUMP));
    const all: Buffer[] = [];
    for (;;) {
      for (const { type, body } of this.#read()) {
        if (type === NLMSG_DONE) return all;
        if (type === NLMSG_ERROR) throw new SystemError(message.what, -body.readInt32LE(0));
        all.push(body);
      }
    }
  }

  #frame({ type, flags = 0, body }: NetlinkMessage, more: number): Buffer {
    const whole = Buffer.alloc(headerSize + Math.ceil(body.length / 4) * 4);
    whole.writeUInt32LE(headerSize + body.length, 0);
    whole.writeUInt16LE(type, 4);
    whole.writeUInt16LE(NLM_F_REQUEST | flags | more, 6);
    whole.writeUInt32LE(++this.#sequence, 8);
    whole.set(body, headerSize);
    return whole;
  }

  #read(): readonly { readonly type: number; readonly sequence: number; readonly body: Buffer }[] {
    const bytes = Buffer.alloc(65_536);
    const count = readSync(this.#fd, bytes, 0, bytes.length, null);
    const messages: { type: number; sequence: number; body: Buffer }[] = [];
    for (let at = 0; at + headerSize <= count; ) {
      const length = bytes.readUInt32LE(at);
      if (length < headerSize) break;
      messages.push({
        type: bytes.readUInt16LE(at + 4),
        sequence: bytes.readUInt32LE(at + 8),
        body: bytes.subarray(at + headerSize, at + length),
      });
      at += Math.ceil(length / 4) * 4;
    }
    return messages;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
