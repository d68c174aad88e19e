import { badParameter } from "../docker/phrases.ts";

/** Docker's default. */
const usual = "ctrl-p,ctrl-q";

/** "ctrl-p,q" as the bytes that a terminal sends. An empty text is Docker's default. */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(
    (text || usual).split(",").map((key) => {
      if (key.length === 1) return key.charCodeAt(0);
      const letter = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
      if (letter === undefined)
        throw badParameter(`Invalid escape keys (${text}) provided: Unknown character: '${key}'`);
      return letter.toUpperCase().charCodeAt(0) - 64;
    }),
  );
}
