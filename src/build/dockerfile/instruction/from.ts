import { argumentsInvalid, stageNameInvalid } from "../error.ts";
import type { FromInstruction, StageName } from "../instruction.ts";
import type { Statement } from "../statement.ts";
import { placeOf } from "./place.ts";
import { readFlags } from "./flags.ts";

export function readFrom(statement: Statement): FromInstruction {
  const where = statement.range;
  const [image, asKeyword, writtenName] = statement.args;
  const { platform } = readFlags(statement, { platform: "text" });
  const named = statement.args.length === 3 && asKeyword?.toLowerCase() === "as";
  if (image === undefined || (statement.args.length !== 1 && !named))
    throw argumentsInvalid(
      "FROM",
      'it takes an image, or an image, "AS" and a name',
      "FROM debian:bookworm AS build",
      where,
    );
  return {
    ...placeOf(statement),
    kind: "from",
    image,
    ...(platform === undefined ? {} : { platform }),
    ...(named && writtenName !== undefined
      ? { name: parseStageName(writtenName, where), writtenName, asKeyword: asKeyword ?? "" }
      : {}),
  };
}

/** Stage names are compared in lower case. */
function parseStageName(text: string, where: Statement["range"]): StageName {
  const name = text.toLowerCase();
  if (!/^[a-z][a-z0-9-_.]*$/.test(name)) throw stageNameInvalid(text, where);
  return name as StageName;
}
