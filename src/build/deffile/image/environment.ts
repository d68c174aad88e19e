// The files of /.singularity.d/env. Whatever starts the image reads them in the order of their names, so a variable that
// a later one sets wins. They are plain POSIX: Apptainer reads them by a shell of its own, old images by dash or busybox.

import { type ImageEntry, script } from "./entry.ts";

const envFolder = "/.singularity.d/env";

export function environmentFiles(): readonly ImageEntry[] {
  return [
    script(`${envFolder}/01-base.sh`, base),
    { ...script(`${envFolder}/90-environment.sh`, sections), existing: "keep" },
    { ...script(`${envFolder}/91-environment.sh`, additions), existing: "keep" },
    script(`${envFolder}/95-apps.sh`, apps),
    script(`${envFolder}/99-base.sh`, last),
    script(`${envFolder}/99-runtimevars.sh`, runtimeVariables),
  ];
}

/** The section goes behind those of the images that this one was made from, and wins over them. */
export function environmentSection(own: string): ImageEntry {
  return { ...script(`${envFolder}/90-environment.sh`, `\n${own}`), existing: "append" };
}

const base = `#!/bin/sh
# Read first. Nothing is set here: what an image needs of its own is in the files below.
`;

const sections = `#!/bin/sh
# The sections %environment.
`;

const additions = `#!/bin/sh
# What %post appends to "$APPTAINER_ENVIRONMENT" or "$SINGULARITY_ENVIRONMENT" stands here, and wins over %environment.
`;

const apps = `#!/bin/sh
# An app of the Scientific Filesystem was asked for by name: its programs, libraries and variables come first.

if [ -z "\${SINGULARITY_APPNAME:-}" ]; then
    SINGULARITY_APPNAME=\${APPTAINER_APPNAME:-}
fi
if [ -n "$SINGULARITY_APPNAME" ] && [ -d "/scif/apps/$SINGULARITY_APPNAME" ]; then
    export SINGULARITY_APPNAME
    PATH="/scif/apps/$SINGULARITY_APPNAME/bin:/scif/apps/$SINGULARITY_APPNAME:/scif/apps/singularity:$PATH"
    LD_LIBRARY_PATH="/scif/apps/$SINGULARITY_APPNAME/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    export PATH LD_LIBRARY_PATH
    for app_script in "/scif/apps/$SINGULARITY_APPNAME/scif/env/"*.sh; do
        if [ -f "$app_script" ]; then
            . "$app_script"
        fi
    done
    unset app_script
fi
`;

const last = `#!/bin/sh
# Libraries of the host (those of its graphics cards) are put into /.singularity.d/libs. Who starts the image may have set a
# prompt.

case ":\${LD_LIBRARY_PATH:-}:" in
*:/.singularity.d/libs:*) ;;
*) LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/.singularity.d/libs" ;;
esac
PS1="\${PS1:-Vial> }"
export LD_LIBRARY_PATH PS1
`;

const runtimeVariables = `#!/bin/sh
# Wishes about PATH, from whoever starts the image: all of it, or something before or behind it.

PATH=\${APPTAINERENV_PATH:-\${SINGULARITYENV_PATH:-\${PATH:-}}}
path_before=\${APPTAINERENV_PREPEND_PATH:-\${SINGULARITYENV_PREPEND_PATH:-}}
path_behind=\${APPTAINERENV_APPEND_PATH:-\${SINGULARITYENV_APPEND_PATH:-}}
PATH="\${path_before:+$path_before:}$PATH\${path_behind:+:$path_behind}"
export PATH
unset path_before path_behind
`;
