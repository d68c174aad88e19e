import { version } from "../version.ts";

/**
 * The release of Apptainer whose command line is the measure of docs/apptainer.md. Scripts ask for a version to learn what
 * they may use; what stands behind "+" says who answers (build metadata in the terms of semver.org).
 */
const measure = "1.4.5";

export const personaVersion = `${measure}+vial.${version}`;

/** What `apptainer --version` prints, without a newline. Both of Apptainer's names print this one. */
export const versionLine = `apptainer version ${personaVersion}`;
