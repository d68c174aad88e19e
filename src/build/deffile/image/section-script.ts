import type { Script } from "../script.ts";

/** A section as a program. Its own first text may name the interpreter; else it is sh with what stands behind the name. */
export function printSectionScript({ arguments: options, text }: Script): string {
  const own = /^\s*(#!.*)\n?/.exec(text);
  const first = own === null ? `#!/bin/sh${options === "" ? "" : ` ${options}`}` : (own[1] ?? "");
  return `${first}\n\n${own === null ? text : text.slice(own[0].length)}`;
}
