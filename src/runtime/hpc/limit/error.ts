import { reasonOf, VialError } from "#spec";

export function limitUnsupported(option: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "limit-unsupported",
    what: `Cannot set ${option}`,
    why,
    next: "leave it out, or run on a host that has it",
  });
}

export function limitsClosed(option: string, controller: string, folder: string, version: 1 | 2): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "limits-closed",
    what: `Cannot set ${option}: no control group with "${controller}" may be made by you`,
    why:
      version === 2
        ? `neither ${folder} nor a group above it is yours and passes that controller on`
        : `${folder} is not yours to write into`,
    next:
      version === 2
        ? "start it in a scope of your own: systemd-run --user --scope -- vial exec ..."
        : "ask your administrator for a control group that is yours, or for the limit in the batch system: sbatch --mem, --cpus-per-task",
  });
}

export function limitRejected(option: string, file: string, text: string, error: unknown): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "limit-rejected",
    what: `Cannot set ${option}: the kernel does not take ${JSON.stringify(text)} for ${file}`,
    why: reasonOf(error),
    next: "give a value that this machine and the limits around it allow",
    cause: error,
  });
}
