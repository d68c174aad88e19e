// What as-user.ts starts as the user: times the commands of a file, and prints the samples as JSON.

import { readFileSync } from "node:fs";
import { interleave, time } from "./measure.ts";

interface Wish {
  readonly commands: readonly (readonly [
    name: string,
    command: { readonly words: readonly string[]; readonly env?: Readonly<Record<string, string>> },
  ])[];
  readonly rounds: number;
  readonly caches: "warm" | "cold";
  readonly env: Readonly<Record<string, string>>;
}

const wish = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Wish;
const timers = new Map(
  wish.commands.map(([name, { words, env }]) => [name, () => time(words, { ...wish.env, ...env })]),
);
console.log(JSON.stringify(interleave(timers, wish.rounds, wish.caches)));
