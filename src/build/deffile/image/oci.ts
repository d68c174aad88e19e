// What an OCI image says in its config, as files that Singularity's way of running reads. Its user, working folder,
// volumes, ports, health check and stop signal have no place there, as in Apptainer.

import { quoteWord } from "#kit";
import type { ContainerDefaults } from "#spec";
import { type ImageEntry, script } from "./entry.ts";

export function ociFiles(defaults: ContainerDefaults): readonly ImageEntry[] {
  const entrypoint = defaults.Entrypoint ?? [];
  const command = defaults.Cmd ?? [];
  return [
    script("/.singularity.d/env/10-docker2singularity.sh", printEnvironment(defaults.Env ?? [])),
    // An image of ours starts by what it has in /.singularity.d, and that would start itself.
    ...(entrypoint.length + command.length === 0 || (entrypoint[0] ?? "").startsWith("/.singularity.d/")
      ? []
      : [script("/.singularity.d/runscript", printRunscript(entrypoint, command))]),
  ];
}

/** PATH is set in any case; everything else only where nobody has set it before. */
function printEnvironment(variables: readonly string[]): string {
  const lines = variables.flatMap((variable) => {
    const equals = variable.indexOf("=");
    const name = variable.slice(0, equals);
    // A shell has no variables of other names.
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return [];
    const set = `export ${name}=${quoteWord(variable.slice(equals + 1))}`;
    return [name === "PATH" ? set : `[ -n "\${${name}+set}" ] || ${set}`];
  });
  return [
    "#!/bin/sh",
    "# The environment of the OCI image that this image was made from.",
    "",
    ...lines,
    "",
  ].join("\n");
}

/**
 * Arguments take the place of Cmd. By default a shell evaluates the words once more, each as in double quotes, as
 * Apptainer does and its users rely on: `'$HOME'` becomes the home inside of the container.
 */
function printRunscript(entrypoint: readonly string[], command: readonly string[]): string {
  const print = (words: readonly string[]) => words.map((word) => ` ${quoteWord(word)}`).join("");
  return `#!/bin/sh
# Runs the entrypoint and the command of the OCI image that this image was made from.

if [ $# -eq 0 ]; then
    set --${print(command)}
fi
set --${print(entrypoint)} "$@"

if [ -n "\${APPTAINER_NO_EVAL:-\${SINGULARITY_NO_EVAL:-}}" ]; then
    exec "$@"
fi

# Puts a word into double quotes: a quote in it, and a backslash that quotes nothing, stand for themselves.
quote_word() {
    rest=$1 word=
    while :; do
        case $rest in
        *[\\"\\\\]*) ;;
        *) break ;;
        esac
        word=$word\${rest%%[\\"\\\\]*}
        rest=\${rest#"\${rest%%[\\"\\\\]*}"}
        case $rest in
        \\\\[\\$\\\`]*) word=$word\\\\ ;;
        *) word="$word\\\\\${rest%"\${rest#?}"}" ;;
        esac
        rest=\${rest#?}
    done
    line="$line \\"$word$rest\\""
}

line=
for argument; do
    quote_word "$argument"
done
eval "set --$line"
exec "$@"
`;
}
