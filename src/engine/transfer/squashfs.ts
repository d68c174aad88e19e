import { findProgram, mksquashfs, tar2sqfs } from "#host";
import type { TarTaker } from "#image";
import type { SquashfsPacking } from "#sif";

/**
 * Makes a squashfs of the tar that a packer writes, the same bytes for the same tar. `time`, in seconds since 1970, is that
 * of the file system. Files keep the tar's times; without tar2sqfs newer ones become `time`, for else mksquashfs gives the
 * root folder that of the clock.
 */
export function squashfsTaker(target: string, packing: SquashfsPacking, time: number): TarTaker {
  return async (tar) => {
    if (findProgram("tar2sqfs") !== undefined) {
      await tar2sqfs({ target, compression: packing, time }, tar);
      return;
    }
    const source = { kind: "tar", fileTimes: "clamped" } as const;
    await mksquashfs({ source, target, offset: 0, compression: packing, time }, tar);
  };
}
