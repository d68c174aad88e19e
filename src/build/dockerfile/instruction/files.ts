import { argumentsInvalid, heredocAsDestination } from "../error.ts";
import { heredocText, joinHeredocWords, parseHeredocMark } from "../heredoc.ts";
import type { AddInstruction, CopyInstruction, InlineFile } from "../instruction.ts";
import type { Statement } from "../statement.ts";
import { readFlags } from "./flags.ts";
import { placeOf } from "./place.ts";

export function readCopy(statement: Statement): CopyInstruction {
  const flags = readFlags(statement, {
    from: "text",
    chown: "text",
    chmod: "text",
    link: "switch",
    parents: "switch",
    exclude: "list",
  });
  if (flags.from?.includes("$"))
    throw argumentsInvalid(
      statement.keyword.toUpperCase(),
      "its --from takes no variables",
      `name the image in a stage of its own: FROM ${flags.from} AS source`,
      statement.range,
    );
  return {
    ...placeOf(statement),
    kind: "copy",
    ...readSourcesAndDestination(statement),
    ...readOwnership(flags),
    ...(flags.from === undefined || flags.from === "" ? {} : { from: flags.from }),
    parents: flags.parents ?? false,
  };
}

export function readAdd(statement: Statement): AddInstruction {
  const flags = readFlags(statement, {
    chown: "text",
    chmod: "text",
    link: "switch",
    exclude: "list",
    checksum: "text",
    "keep-git-dir": "switch",
    unpack: "switch",
  });
  return {
    ...placeOf(statement),
    kind: "add",
    ...readSourcesAndDestination(statement),
    ...readOwnership(flags),
    ...(flags.checksum === undefined ? {} : { checksum: flags.checksum }),
    keepGitDir: flags["keep-git-dir"] ?? false,
    ...(flags.unpack === undefined ? {} : { unpack: flags.unpack }),
  };
}

function readOwnership(flags: {
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly link: boolean | undefined;
  readonly exclude: readonly string[];
}): Pick<CopyInstruction, "chown" | "chmod" | "link" | "excludes"> {
  return {
    ...(flags.chown === undefined ? {} : { chown: flags.chown }),
    ...(flags.chmod === undefined ? {} : { chmod: flags.chmod }),
    link: flags.link ?? false,
    excludes: flags.exclude,
  };
}

function readSourcesAndDestination(
  statement: Statement,
): Pick<CopyInstruction, "sources" | "files" | "destination"> {
  const keyword = statement.keyword.toUpperCase();
  const words = statement.json ? statement.args : joinHeredocWords(statement.args);
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2)
    throw argumentsInvalid(
      keyword,
      "it takes at least two: one or more sources, and the destination at the end",
      `${keyword} ${words[0] ?? "."} /srv/`,
      statement.range,
    );
  const isMark = (word: string) => !statement.json && parseHeredocMark(word) !== undefined;
  if (isMark(destination)) throw heredocAsDestination(keyword, destination, statement.range);
  const files: InlineFile[] = [];
  const sources: string[] = [];
  for (const word of words.slice(0, -1)) {
    const mark = statement.json ? undefined : parseHeredocMark(word);
    const heredoc = statement.heredocs.findLast((one) => one.name === mark?.name);
    if (heredoc === undefined) sources.push(word);
    else files.push({ name: heredoc.name, content: heredocText(heredoc), expands: heredoc.expands });
  }
  return { sources, files, destination };
}
