import { nearest } from "#kit";
import type { ContainerDefaults } from "#spec";
import { changeInvalid } from "./error.ts";

type Change = (defaults: ContainerDefaults) => ContainerDefaults;

const instructions: Readonly<Record<string, (rest: string, text: string) => Change>> = {
  CMD: (rest, text) => {
    const Cmd = commandOf(rest, text);
    return (defaults) => ({ ...defaults, Cmd });
  },
  ENTRYPOINT: (rest, text) => {
    const Entrypoint = commandOf(rest, text);
    return (defaults) => ({ ...defaults, Entrypoint });
  },
  ENV: (rest, text) => {
    const pairs = pairsOf(rest, text);
    return (defaults) => {
      const Env = [...(defaults.Env ?? [])];
      for (const [name, value] of pairs) {
        const place = Env.findIndex((entry) => entry.startsWith(`${name}=`));
        if (place < 0) Env.push(`${name}=${value}`);
        else Env[place] = `${name}=${value}`;
      }
      return { ...defaults, Env };
    };
  },
  LABEL: (rest, text) => {
    const pairs = pairsOf(rest, text);
    return (defaults) => ({ ...defaults, Labels: { ...defaults.Labels, ...Object.fromEntries(pairs) } });
  },
  EXPOSE: (rest, text) => {
    const ports = splitWords(rest, text).flatMap((word) => portsOf(word, text));
    return (defaults) => ({ ...defaults, ExposedPorts: { ...defaults.ExposedPorts, ...setOf(ports) } });
  },
  VOLUME: (rest, text) => {
    const volumes = jsonWords(rest) ?? splitWords(rest, text);
    return (defaults) => ({ ...defaults, Volumes: { ...defaults.Volumes, ...setOf(volumes) } });
  },
  USER: (rest) => (defaults) => ({ ...defaults, User: rest }),
  WORKDIR: (rest) => (defaults) => ({ ...defaults, WorkingDir: joinPath(defaults.WorkingDir ?? "/", rest) }),
  STOPSIGNAL: (rest) => (defaults) => ({ ...defaults, StopSignal: rest }),
};

/**
 * Parses one `--change` of `import` and `commit`: a line as in a Dockerfile, without variables. Throws change-invalid.
 */
export function parseChange(text: string): Change {
  const match = /^\s*([A-Za-z]+)\s+(.*?)\s*$/s.exec(text);
  const word = match?.[1]?.toUpperCase() ?? text.trim();
  const make = instructions[word];
  if (match === null || make === undefined) {
    const near = nearest(word, Object.keys(instructions));
    throw changeInvalid(
      text,
      near === undefined || near === word ? "it needs an instruction and a value" : `did you mean ${near}?`,
    );
  }
  return make(match[2] ?? "", text);
}

/** All changes, in order. */
export function parseChanges(texts: readonly string[]): Change {
  const changes = texts.map(parseChange);
  return (defaults) => changes.reduce((current, change) => change(current), defaults);
}

function commandOf(rest: string, text: string): readonly string[] {
  if (rest === "") throw changeInvalid(text, "it has no command");
  return jsonWords(rest) ?? ["/bin/sh", "-c", rest];
}

/** `["a", "b"]`; anything else is a shell command, as in a Dockerfile. */
function jsonWords(text: string): readonly string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === "string") ? words : undefined;
  } catch {
    return undefined;
  }
}

/** `A=1 B="two words"`, or the old form `A two words`. */
function pairsOf(rest: string, text: string): readonly (readonly [string, string])[] {
  if (!/^[^\s=]+=/.test(rest)) {
    const old = /^(\S+)\s+(.+)$/s.exec(rest);
    if (old === null) throw changeInvalid(text, "it is no NAME=VALUE");
    return [[old[1]!, old[2]!]];
  }
  return splitWords(rest, text).map((word) => {
    const equals = word.indexOf("=");
    if (equals <= 0) throw changeInvalid(text, `${JSON.stringify(word)} is no NAME=VALUE`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function splitWords(rest: string, text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < rest.length; at++) {
    const char = rest[at]!;
    if (quote !== "") {
      if (char === quote) quote = "";
      else if (char === "\\" && quote === '"' && /["\\$]/.test(rest[at + 1] ?? ""))
        word = (word ?? "") + rest[++at]!;
      else word = (word ?? "") + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (char === "\\" && at + 1 < rest.length) word = (word ?? "") + rest[++at]!;
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (quote !== "") throw changeInvalid(text, `the quote ${quote} is not closed`);
  if (word !== undefined) words.push(word);
  if (words.length === 0) throw changeInvalid(text, "it has no value");
  return words;
}

/** `80`, `80/udp`, `8000-8002`. */
function portsOf(word: string, text: string): readonly string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (match === null || first < 1 || last > 65535 || last < first)
    throw changeInvalid(text, `${JSON.stringify(word)} is no port`);
  const protocol = (match[3] ?? "tcp").toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, offset) => `${first + offset}/${protocol}`);
}

function setOf(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

function joinPath(base: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
