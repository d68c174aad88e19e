// /.singularity.d/actions: how the image is started by something that is no Singularity, such as a plain OCI runtime with
// /.singularity.d/actions/run as its entrypoint, or chroot.

import { folder, type ImageEntry, link, script } from "./entry.ts";

export function actionFiles(): readonly ImageEntry[] {
  return [
    folder("/.singularity.d/actions"),
    ...Object.entries(actions).map(([name, body]) =>
      script(`/.singularity.d/actions/${name}`, `#!/bin/sh\n${prepare(name)}\n${body}`),
    ),
    ...["exec", "run", "shell", "test"].map((name) => link(`/.${name}`, `.singularity.d/actions/${name}`)),
    link("/singularity", ".singularity.d/runscript"),
    link("/environment", ".singularity.d/env/90-environment.sh"),
  ];
}

/** Inside of a function, an `env` script that changes the arguments changes those of the function alone. */
function prepare(action: string): string {
  return `
export APPTAINER_COMMAND=${action} SINGULARITY_COMMAND=${action}
# Scripts ask for these to find out whether they run in a container.
export APPTAINER_CONTAINER="\${APPTAINER_CONTAINER-/}" SINGULARITY_CONTAINER="\${SINGULARITY_CONTAINER-/}"
export APPTAINER_NAME="\${APPTAINER_NAME-vial}" SINGULARITY_NAME="\${SINGULARITY_NAME-vial}"

read_environment() {
    for env_script in /.singularity.d/env/*.sh; do
        if [ -f "$env_script" ]; then
            . "$env_script"
        fi
    done
    unset env_script
}
read_environment
`;
}

const appPart = (file: string) => `if [ -n "\${SINGULARITY_APPNAME:-}" ]; then
    if [ ! -d "/scif/apps/$SINGULARITY_APPNAME" ]; then
        echo "Could not locate the container application: $SINGULARITY_APPNAME" >&2
        exit 1
    fi
    if [ -x "/scif/apps/$SINGULARITY_APPNAME/scif/${file}" ]; then
        exec "/scif/apps/$SINGULARITY_APPNAME/scif/${file}" "$@"
    fi
fi
`;

const actions: Readonly<Record<string, string>> = {
  exec: `if [ $# -eq 0 ]; then
    echo "exec: which program?" >&2
    exit 255
fi
exec "$@"
`,
  run: `${appPart("runscript")}if [ -x /.singularity.d/runscript ]; then
    exec /.singularity.d/runscript "$@"
fi
if [ $# -gt 0 ]; then
    exec "$@"
fi
echo "No runscript found in container, executing /bin/sh" >&2
exec /bin/sh
`,
  shell: `wanted=\${APPTAINER_SHELL:-\${SINGULARITY_SHELL:-}}
if [ -n "$wanted" ] && [ -x "$wanted" ]; then
    exec "$wanted" "$@"
fi
if [ -x /bin/bash ]; then
    exec /bin/bash --norc "$@"
fi
exec /bin/sh "$@"
`,
  start: `${appPart("startscript")}if [ -x /.singularity.d/startscript ]; then
    exec /.singularity.d/startscript "$@"
fi
# An instance without a script waits for others to come in.
trap 'exit 0' TERM INT
while :; do
    sleep 3600 &
    wait $!
done
`,
  test: `${appPart("test")}if [ -x /.singularity.d/test ]; then
    exec /.singularity.d/test "$@"
fi
echo "No test script found in container" >&2
exit 0
`,
};
