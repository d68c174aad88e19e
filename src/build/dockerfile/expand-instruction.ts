import type { EscapeCharacter } from "./directive.ts";
import { expandHeredoc, expandWord, expandWords, type Variables } from "./expand.ts";
import type { AddInstruction, CopyInstruction, StageInstruction } from "./instruction.ts";

/**
 * The instruction with the variables put in, wherever Docker does so. RUN, CMD and ENTRYPOINT stay: their variables
 * belong to the shell. The mounts of RUN are put in by resolveMount(), the values of ARG by withArg().
 */
export function expandInstruction<Kind extends StageInstruction>(
  instruction: Kind,
  variables: Variables,
  escapeCharacter: EscapeCharacter,
): Kind;
export function expandInstruction(
  instruction: StageInstruction,
  variables: Variables,
  escapeCharacter: EscapeCharacter,
): StageInstruction {
  const word = (text: string) => expandWord(text, variables, escapeCharacter, instruction.range);
  switch (instruction.kind) {
    case "env":
    case "label": {
      const pairs = instruction.pairs.map((pair) => ({
        ...pair,
        name: word(pair.name),
        value: word(pair.value),
      }));
      return { ...instruction, pairs };
    }
    case "copy":
      return { ...instruction, ...expandFiles(instruction, word, variables) };
    case "add": {
      const { checksum } = instruction;
      const sum = checksum === undefined ? {} : { checksum: word(checksum) };
      return { ...instruction, ...expandFiles(instruction, word, variables), ...sum };
    }
    case "workdir":
      return { ...instruction, path: word(instruction.path) };
    case "user":
      return { ...instruction, user: word(instruction.user) };
    case "stopsignal":
      return { ...instruction, signal: word(instruction.signal) };
    case "volume":
      return { ...instruction, paths: instruction.paths.map(word) };
    case "expose": {
      const ports = instruction.ports.flatMap((port) =>
        expandWords(port, variables, escapeCharacter, instruction.range),
      );
      return { ...instruction, ports };
    }
    case "arg":
    case "run":
    case "cmd":
    case "entrypoint":
    case "shell":
    case "healthcheck":
    case "onbuild":
    case "maintainer":
      return instruction;
    default:
      return instruction satisfies never;
  }
}

type Files = CopyInstruction | AddInstruction;

function expandFiles(
  instruction: Files,
  word: (text: string) => string,
  variables: Variables,
): Pick<Files, "sources" | "files" | "destination" | "chown" | "chmod" | "excludes"> {
  const { chown, chmod } = instruction;
  return {
    sources: instruction.sources.map(word),
    files: instruction.files.map((file) =>
      file.expands ? { ...file, content: expandHeredoc(file.content, variables, instruction.range) } : file,
    ),
    destination: word(instruction.destination),
    excludes: instruction.excludes.map(word),
    ...(chown === undefined ? {} : { chown: word(chown) }),
    ...(chmod === undefined ? {} : { chmod: word(chmod) }),
  };
}
