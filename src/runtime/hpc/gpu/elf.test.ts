import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { type ElfObject, readElf } from "./elf.ts";
import { readHostElf } from "./elf-file.ts";
import { makeElf } from "./testing/made-elf.ts";

/** Both lists. */
function read(bytes: Buffer): ElfObject | undefined {
  const readAt = (offset: number, length: number) => bytes.subarray(offset, offset + length);
  const [needs, defines] = [readElf(readAt, "needs"), readElf(readAt, "defines")];
  return needs === undefined || defines === undefined ? undefined : { ...needs, defines: defines.defines };
}

const made = {
  needs: { "libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.34"], "libm.so.6": ["GLIBC_2.29"] },
  defines: ["libcuda.so.1", "V_2"],
};

describe("readElf()", () => {
  test.each([64, 32] as const)("reads what a %d-bit file needs and defines", (bits) => {
    expect(read(makeElf({ ...made, bits }))).toEqual({
      bits,
      machine: bits === 64 ? 62 : 3,
      needs: [
        { file: "libc.so.6", versions: ["GLIBC_2.2.5", "GLIBC_2.34"] },
        { file: "libm.so.6", versions: ["GLIBC_2.29"] },
      ],
      defines: ["libcuda.so.1", "V_2"],
    });
  });

  test("leaves out what the loader only warns about", () => {
    const [need] = read(makeElf({ ...made, weak: ["GLIBC_2.34"] }))?.needs ?? [];
    expect(need?.versions).toEqual(["GLIBC_2.2.5"]);
  });

  test("is undefined for what is no ELF file, or of another byte order", () => {
    const big = makeElf(made);
    big.writeUInt8(2, 5);
    for (const bytes of [Buffer.alloc(0), Buffer.from("#!/bin/sh\n"), Buffer.from("\x7fELF"), big])
      expect(read(bytes)).toBeUndefined();
  });

  test("a file that is cut short anywhere is undefined, or the same but for what was cut", () => {
    const whole = makeElf(made);
    for (let length = 0; length < whole.length; length++) {
      // The end of the list of dynamic entries may be missing: the program header says where it ends.
      const cut = read(whole.subarray(0, length));
      expect(cut === undefined || length > whole.length - 16).toBe(true);
    }
  });

  test("whatever byte is changed, it comes to an end, with few and short names", () => {
    const whole = makeElf(made);
    for (let at = 0; at < whole.length; at++)
      for (const value of [0, 1, 0x7f, 0xff]) {
        const bytes = Buffer.from(whole);
        bytes[at] = value;
        const names = namesOf(read(bytes));
        expect(names.every((name) => /^[!-~]{0,256}$/.test(name))).toBe(true);
        expect(names.length).toBeLessThan(10_000);
      }
  });

  test("a list that leads back to its beginning has an end", () => {
    const bytes = makeElf({ needs: { "libc.so.6": ["A", "B"] } });
    // The step of the first version, which would be 16.
    const at = bytes.indexOf(Buffer.from([16, 0, 0, 0, 1, 0, 0, 0]), 200);
    expect(at).toBeGreaterThan(0);
    bytes.writeUInt32LE(0xffff_ffff, at);
    expect(read(bytes)).toBeUndefined();
  });

  const real = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6"].find(existsSync);
  test.skipIf(real === undefined)("reads this machine's own libc (takes a glibc where Debian has it)", () => {
    const libc = read(readFileSync(real ?? ""));
    expect(libc?.defines).toContain("GLIBC_2.17");
    expect(libc?.needs[0]?.file).toMatch(/^ld-linux/);
    expect(readHostElf(real ?? "")?.needs).toEqual(libc?.needs as never);
    expect(readHostElf(process.execPath)?.needs.map(({ file }) => file)).toContain("libc.so.6");
  });
});

function namesOf(object: ElfObject | undefined): readonly string[] {
  return [
    ...(object?.defines ?? []),
    ...(object?.needs ?? []).flatMap(({ file, versions }) => [file, ...versions]),
  ];
}
