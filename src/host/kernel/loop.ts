import { closeSync, openSync } from "node:fs";
import { errno, pointer, SystemError } from "./libc.ts";
import { systemCall } from "./system-call.ts";

// Loop devices (loop(4)): a file, or a part of it, as a block device. losetup(8) takes 2 ms for what are three calls.

const LOOP_CONFIGURE = 0x4c0an;
const LOOP_CTL_GET_FREE = 0x4c82n;
const LO_FLAGS_READ_ONLY = 1;
const LO_FLAGS_AUTOCLEAR = 4;
const EBUSY = 16;

/** A loop device. Closing it is all that it takes: it goes with its last user, a mount or an open descriptor. */
export class LoopDevice implements Disposable {
  readonly path: string;
  readonly #fd: number;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Makes a device of the bytes of an open file from `offset` on, `size` of them (0: to its end). Root only; Linux 5.8. */
export function openLoop(
  file: number,
  offset: number,
  size: number,
  purpose: "read" | "write" = "read",
): LoopDevice {
  const control = openSync("/dev/loop-control", 2);
  try {
    // Between being told of a free device and taking it, somebody else may take it.
    for (let tries = 0; ; tries++) {
      const number = systemCall("ioctl", BigInt(control), LOOP_CTL_GET_FREE);
      if (number < 0) throw new SystemError("ioctl LOOP_CTL_GET_FREE", errno());
      const path = `/dev/loop${number}`;
      const device = openSync(path, purpose === "read" ? 0 : 2);
      const config = loopConfig(file, offset, size, purpose);
      if (systemCall("ioctl", BigInt(device), LOOP_CONFIGURE, BigInt(pointer(config))) === 0)
        return new LoopDevice(path, device);
      const code = errno();
      closeSync(device);
      if (code !== EBUSY || tries >= 1000) throw new SystemError(`ioctl LOOP_CONFIGURE ${path}`, code);
    }
  } finally {
    closeSync(control);
  }
}

/**
 * struct loop_config: fd, block size, struct loop_info64 (lo_offset at 24 and lo_sizelimit at 32 of it, lo_flags at 52).
 */
function loopConfig(file: number, offset: number, size: number, purpose: "read" | "write"): Buffer {
  const config = Buffer.alloc(304);
  const info = 8;
  config.writeUInt32LE(file, 0);
  config.writeBigUInt64LE(BigInt(offset), info + 24);
  config.writeBigUInt64LE(BigInt(size), info + 32);
  config.writeUInt32LE(LO_FLAGS_AUTOCLEAR | (purpose === "read" ? LO_FLAGS_READ_ONLY : 0), info + 52);
  return config;
}
