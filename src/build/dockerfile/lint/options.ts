import { nearest } from "#kit";
import { checkOptionInvalid } from "../error.ts";

/** What `# check=skip=A,B;error=true` asks for. */
export interface CheckOptions {
  readonly skip: "all" | readonly string[];
  /** Rules that run only when asked for. */
  readonly experimental: "all" | readonly string[];
  /** Stop the build when a rule finds something. */
  readonly error: boolean;
}

const known = ["skip", "error", "experimental"];

export function parseCheckOptions(text = ""): CheckOptions {
  const options = new Map<string, string>();
  for (const part of text.split(";").map((each) => each.trim())) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = (equals < 0 ? part : part.slice(0, equals)).trim();
    if (!known.includes(name))
      throw checkOptionInvalid(part, `it is ${known.join(", ")}`, nearest(name, known));
    if (equals < 0) throw checkOptionInvalid(part, "it has no value", undefined);
    options.set(name, part.slice(equals + 1).trim());
  }
  const error = options.get("error")?.toLowerCase() ?? "false";
  if (!["true", "false", "1", "0", "t", "f"].includes(error))
    throw checkOptionInvalid(`error=${error}`, '"error" is true or false', undefined);
  return {
    skip: listOf(options.get("skip")),
    experimental: listOf(options.get("experimental")),
    error: ["true", "1", "t"].includes(error),
  };
}

function listOf(text = ""): "all" | readonly string[] {
  if (text === "all") return "all";
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
