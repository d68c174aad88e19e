import { login, readRegistriesConfig, Transport } from "#registry";
import { ask, askSecret, readAllInput } from "../ask.ts";
import type { Command } from "../command.ts";
import { credentialsMissing, optionsConflict, passwordWithoutUser } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import type { Flags } from "../parse.ts";
import { errLine, isTerminal, outLine } from "../print.ts";
import { parseRegistryHost } from "../registry-host.ts";

export const command: Command = {
  name: "login",
  usage: "[OPTIONS] [SERVER]",
  summary: "Log in to a registry (docker.io when none is named)",
  flags: [
    textFlag("password", "string", "Password or token; others on this machine can see it", "p"),
    boolFlag("password-stdin", "Read the password or token from standard input"),
    textFlag("username", "string", "User name", "u"),
  ],
  args: [0, 1],
  async run(flags, [server = ""]) {
    const host = parseRegistryHost(server);
    const { username, password } = readCredentials(flags, host);
    const transport = new Transport({ config: readRegistriesConfig() });
    const kept = await login({ host, credential: { kind: "basic", username, password }, transport });
    if (kept.kind === "file")
      errLine(
        `vial: the password is stored unencrypted in "${kept.path}" [next: name a helper as "credsStore" in it to change that]`,
      );
    outLine("Login Succeeded");
    return 0;
  },
};

function readCredentials(
  flags: Flags,
  host: string,
): { readonly username: string; readonly password: string } {
  const fromInput = flags.bool("password-stdin");
  const given = flags.text("password");
  if (fromInput && given !== undefined)
    throw optionsConflict("--password", "--password-stdin", "both give the password");
  const user = flags.text("username");
  if (fromInput) {
    if (user === undefined) throw passwordWithoutUser();
    const password = readAllInput().replace(/\r?\n$/, "");
    if (password === "") throw credentialsMissing(host);
    return { username: user, password };
  }
  if (given !== undefined)
    errLine("vial: --password on the command line can be seen by others [next: use --password-stdin]");
  if ((user === undefined || given === undefined) && !isTerminal(0)) throw credentialsMissing(host);
  const username = user ?? ask(`Username for ${host}: `);
  const password = given ?? askSecret(`Password for ${username} at ${host}: `);
  if (username === "" || password === "") throw credentialsMissing(host);
  return { username, password };
}
