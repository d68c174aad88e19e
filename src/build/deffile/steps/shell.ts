/** Who runs a script, as the words behind `%post`, `%pre` and `%setup` say. */
export interface ScriptShell {
  /** `sh` may be dash, busybox or bash; `other` is a language that we do not know. */
  readonly family: "sh" | "bash" | "other";
  /** The program with its options, to be followed by the path of the script. */
  readonly command: readonly [program: string, ...options: string[]];
}

const families: Readonly<Record<string, ScriptShell["family"]>> = {
  sh: "sh",
  dash: "sh",
  ash: "sh",
  bash: "bash",
};

/** `-c SHELL ARGS` names the shell, which then has no `-ex` but its own. Everything else is put behind `-ex`. */
export function readShell(text: string): ScriptShell {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words[0] !== "-c") return { family: "sh", command: ["/bin/sh", "-ex", ...words] };
  const [, program = "", ...options] = words;
  const plain = words.every((word) => /^[A-Za-z0-9_@%+=:,./-]+$/.test(word));
  // Apptainer hands the line to a shell: quotes and variables in it have a meaning.
  if (program === "" || !plain)
    return { family: "other", command: ["/bin/sh", "-ex", "-c", `${text.replace(/^\s*-c\s*/, "")} "$0"`] };
  return { family: families[program.split("/").at(-1) ?? ""] ?? "other", command: [program, ...options] };
}

/** The options as words of `set`, or undefined when one is no option that `set` could give. */
export function settingsOf({ command }: ScriptShell): readonly string[] | undefined {
  const settings: string[] = [];
  for (let at = 1; at < command.length; at++) {
    const word = command[at]!;
    if (word === "--norc" || word === "--noprofile") continue;
    if (/^[-+]o$/.test(word) && /^(errexit|nounset|pipefail|xtrace|noglob)$/.test(command[at + 1] ?? ""))
      settings.push(word, command[++at]!);
    else if (/^[-+][aefuxBCE]+$/.test(word)) settings.push(word);
    else return undefined;
  }
  return settings;
}
