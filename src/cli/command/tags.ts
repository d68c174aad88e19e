import { findCredential, originEndpoint, readRegistriesConfig, RegistryClient, Transport } from "#registry";
import { familiarName, parseNamed } from "#spec";
import type { Command } from "../command.ts";
import { flagValueInvalid } from "../error.ts";
import { textFlag } from "../flag.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "tags",
  usage: "[OPTIONS] REPOSITORY",
  summary: "List the tags of a repository at its registry",
  flags: [textFlag("format", "form", "json for a JSON list; plain lines otherwise")],
  args: [1, 1],
  async run(flags, [name = ""]) {
    const format = flags.text("format");
    if (format !== undefined && format !== "json") throw flagValueInvalid("--format", format, '"json"');
    const reference = parseNamed(name);
    const repository = familiarName(reference);
    const endpoint = originEndpoint(reference.domain);
    const client = new RegistryClient({
      transport: new Transport({ config: readRegistriesConfig() }),
      endpoint,
      path: reference.path,
      name: repository,
      doing: `list the tags of "${repository}"`,
      credential: await findCredential(endpoint.host, reference.path),
      actions: "pull",
    });
    const tags = await client.listTags();
    out(format === "json" ? `${JSON.stringify(tags)}\n` : tags.map((tag) => `${tag}\n`).join(""));
    return 0;
  },
};
