import type { Command } from "../../command.ts";
import { command as vial } from "../../command/build.ts";
import { command as push } from "../../command/push.ts";
import { optionsConflict } from "../../error.ts";
import { boolFlag, textFlag } from "../../flag.ts";
import { Flags, parseCommandLine } from "../../parse.ts";
import { flagValueInvalid } from "../../error.ts";

// `docker build`, in the words of the classic builder and of buildx.

export const command: Command = {
  ...vial,
  usage: "[OPTIONS] PATH | URL | -",
  flags: [
    ...vial.flags,
    boolFlag("push", "Send the image to the registries in its names"),
    textFlag("call", "build|check", "check: only look what can be bettered in the recipe"),
    boolFlag("check", "As --call=check"),
  ],
  args: [1, 1],
  async run(flags, args) {
    const call = flags.text("call") ?? "build";
    if (!["build", "check", "lint"].includes(call)) throw flagValueInvalid("--call", call, "build or check");
    if (flags.bool("check") || call !== "build") return await vial.run(withLint(flags), args);
    const names = flags.list("tag");
    if (flags.bool("push") && names.length === 0)
      throw optionsConflict("--push", "no --tag", "what is pushed needs a name with a registry");
    const code = await vial.run(flags, args);
    if (!flags.bool("push") || code !== 0) return code;
    for (const name of names) {
      const parsed = parseCommandLine(push, flags.bool("quiet") ? ["--quiet", name] : [name]);
      await push.run(parsed.flags, parsed.args);
    }
    return 0;
  },
};

function withLint(flags: Flags): Flags {
  const declared = new Map(vial.flags.map((flag) => [flag.name, flag]));
  const file = flags.text("file");
  return new Flags(
    declared,
    new Map<string, string | boolean>([
      ["lint", true],
      ...(file === undefined ? [] : [["file", file] as const]),
    ]),
  );
}
