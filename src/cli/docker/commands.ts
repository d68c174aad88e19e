import { findVerb, type LoadCommand, table } from "../commands.ts";
import { links } from "./links.ts";
import { optionTable } from "./table/options.ts";
import { withoutCommand } from "./table/states.ts";

// Every command of Docker's, and what carries it out.

/** The short names of Docker's long ones, and its second names. */
const shorter: Readonly<Record<string, string>> = {
  "builder build": "build",
  "buildx b": "build",
  "buildx build": "build",
  "buildx prune": "builder prune",
  "container list": "ps",
  "container ls": "ps",
  "container ps": "ps",
  "container remove": "rm",
  "context list": "context ls",
  "context remove": "context rm",
  "image list": "images",
  "image ls": "images",
  "image remove": "rmi",
  "image rm": "rmi",
  "image rmi": "rmi",
  "network list": "network ls",
  "network remove": "network rm",
  "volume list": "volume ls",
  "volume remove": "volume rm",
};

/** Groups of which a word is a command by itself: `container run` is `run`. */
const transparent = new Set(["container", "image", "system"]);
const ownWords = new Set(["inspect", "prune", "df", "dial-stdio"]);

export const groups: readonly string[] = [
  ...new Set(
    [...Object.keys(optionTable), ...Object.keys(links)]
      .filter((name) => name.includes(" "))
      .map((name) => name.split(" ")[0] ?? ""),
  ),
].sort();

export interface Found {
  /** Docker's shortest name: "run", "volume ls". */
  readonly name: string;
  /** As it was typed: "container run". */
  readonly typed: string;
  /** How many words named it. */
  readonly words: 1 | 2;
  /** Undefined: `reason` says why it is not carried out. */
  readonly load?: LoadCommand;
  readonly reason?: string;
}

/** The command that the first words name, or the group where they name that alone; undefined for none of Docker's. */
export function findDockerCommand(words: readonly string[]): Found | { readonly group: string } | undefined {
  const [first = "", second = ""] = words;
  const isGroup = groups.includes(first);
  const reason = noteOf(first) ?? (isGroup ? noteOf(`${first} ${second}`) : undefined);
  if (reason !== undefined) return { name: first, typed: first, words: 1, reason };
  if (!isGroup) return found(first, first, 1);
  if (second === "" || second.startsWith("-")) return { group: first };
  const pair = `${first} ${second}`;
  const name = shorter[pair] ?? (transparent.has(first) && !ownWords.has(second) ? second : pair);
  return found(name, pair, 2);
}

function noteOf(name: string): string | undefined {
  return Object.hasOwn(withoutCommand, name) ? withoutCommand[name]?.note : undefined;
}

function found(name: string, typed: string, words: 1 | 2): Found | undefined {
  const isDockers = Object.hasOwn(optionTable, name) || Object.hasOwn(links, name);
  if (!isDockers) return undefined;
  const load = loaderOf(name);
  return load === undefined
    ? { name, typed, words, reason: `this version of Vial has no command for it` }
    : { name, typed, words, load };
}

/** What carries out a command, by Docker's shortest name. */
export function loaderOf(name: string): LoadCommand | undefined {
  if (Object.hasOwn(links, name)) return links[name];
  if (Object.hasOwn(table, name)) return table[name];
  const verb = findVerb(name.split(" "));
  return verb === undefined || "group" in verb ? undefined : verb.load;
}

/** The second words of a group, sorted. */
export function wordsOfGroup(group: string): readonly string[] {
  const names = [...Object.keys(optionTable), ...Object.keys(links), ...Object.keys(shorter)];
  const own = names
    .filter((name) => name.startsWith(`${group} `))
    .map((name) => name.slice(group.length + 1));
  return [...new Set([...own, ...(groupMembers[group] ?? [])])].sort();
}

const groupMembers: Readonly<Record<string, readonly string[]>> = {
  container: [
    ..."attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top".split(
      " ",
    ),
    ..."unpause update wait".split(" "),
  ],
  image: "build history import load pull push save tag".split(" "),
  system: ["events", "info"],
};
