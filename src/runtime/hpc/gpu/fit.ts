import type { ElfObject } from "./elf.ts";
import type { HostObject } from "./host-files.ts";
import { compareReleases } from "./image-libraries.ts";

// Whether a library of the host can be loaded in an image: glibc's loader refuses one that needs a version of symbols which
// the image's own libraries do not define ("version `GLIBC_2.38' not found"), and the program dies with it.

export interface Unmet {
  /** The host's library or program. */
  readonly name: string;
  /** Which library of the image lacks it, such as libc.so.6. */
  readonly file: string;
  /** Such as GLIBC_2.38: of several the latest of glibc's, before those of other libraries. */
  readonly version: string;
}

/** `given`: the host's own, which fits what was made with it. */
type LookUp = (file: string) => ElfObject | "given" | undefined;

/** Parts of glibc: these have to be there. Others may be, for a program that never loads what needs them. */
const partOfGlibc =
  /^(lib(c|m|mvec|pthread|dl|rt|util|resolv|anl|nsl|BrokenLocale|thread_db)\.so\.\d+|ld-linux.*)$/;

/**
 * Parts the host's objects into those that fit and what the others lack. What they need of one another is there, as long
 * as that one fits itself.
 */
export function partByFit(
  objects: readonly HostObject[],
  lookUp: LookUp,
): { readonly fit: readonly HostObject[]; readonly unmet: readonly Unmet[] } {
  let fit = objects;
  const unmet: Unmet[] = [];
  for (;;) {
    const own = new Set(fit.map(({ name }) => name));
    const lacks = fit.map((entry) => findUnmet(entry, (file) => (own.has(file) ? "given" : lookUp(file))));
    const next = fit.filter((_, index) => lacks[index] === undefined);
    if (next.length === fit.length) return { fit, unmet };
    unmet.push(...lacks.filter((lack) => lack !== undefined));
    fit = next;
  }
}

function findUnmet({ name, object }: HostObject, lookUp: LookUp): Unmet | undefined {
  const unmet: Unmet[] = [];
  for (const { file, versions } of object?.needs ?? []) {
    const found = lookUp(file);
    if (found === "given" || (found === undefined && !partOfGlibc.test(file))) continue;
    const defined = new Set(found?.defines);
    for (const version of versions) if (!defined.has(version)) unmet.push({ name, file, version });
  }
  // That of glibc says most about what image would do.
  const rank = ({ file }: Unmet) => (partOfGlibc.test(file) ? 1 : 0);
  const number = ({ version }: Unmet) => /\d[\d.]*/.exec(version)?.[0] ?? "0";
  return unmet.sort((a, b) => rank(a) - rank(b) || compareReleases(number(a), number(b))).at(-1);
}
