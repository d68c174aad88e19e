import { VialError } from "#spec";
import { needs } from "./program/needs.ts";

export function programMissing(program: string): VialError {
  const need = needs.find((entry) => entry.program === program);
  return new VialError({
    kind: "failed-precondition",
    code: "program-missing",
    what: `Cannot find the program "${program}"`,
    why:
      need === undefined
        ? "it is not on this machine's PATH"
        : `it ${need.use}, and it is not on this machine's PATH`,
    next: need === undefined ? `install ${program}` : `apt-get install ${need.package}`,
  });
}

export function programFailed(
  doing: string,
  program: string,
  result: { readonly exitCode: number; readonly signal: string | undefined; readonly stderr: string },
): VialError {
  const said = result.stderr.trim().split("\n").slice(-3).join("; ");
  const end =
    result.signal === undefined ? `ended with code ${result.exitCode}` : `was killed by ${result.signal}`;
  return new VialError({
    kind: "internal",
    code: "program-failed",
    what: `Cannot ${doing}: ${program} ${end}`,
    why: said === "" ? "it printed nothing" : said,
  });
}

export function lockUnsupported(path: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "lock-unsupported",
    what: `Cannot lock "${path}"`,
    why: "its file system has no file locks, so two Vial processes could destroy each other's work",
    next: "set VIAL_ROOT to a folder on a local file system",
  });
}

export function aptRefused(uri: string, suite: string, said: string): VialError {
  return new VialError({
    kind: "unavailable",
    code: "apt-refused",
    what: `Cannot read the package source "${uri}", suite "${suite}"`,
    why: said === "" ? "apt-get update gave no reason" : said,
    next: "mend it until `apt-get update` is content, then try again",
  });
}

export function storeFolderUnsafe(path: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "store-folder-unsafe",
    what: `Cannot keep images in ${JSON.stringify(path)}`,
    why: "it is no folder of yours alone, so that others could put their own images there",
    next: "set VIAL_TMPDIR to a folder of your own on a local disk, or VIAL_ROOT to the place of the store itself",
  });
}

export function userRangesMissing(user: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "user-ranges-missing",
    what: `Cannot open a user namespace for ${JSON.stringify(user)}`,
    why: "the user has no range in /etc/subuid and /etc/subgid, and a container needs more users than one",
    next: `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`,
  });
}

export function userNamespaceRefused(why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "user-namespace-refused",
    what: "Cannot open a user namespace, without which an ordinary user can mount nothing",
    why,
    next: "ask the administrator to allow user namespaces: `sysctl -w user.max_user_namespaces=15000`",
  });
}

export function nftRefused(complaint: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "nft-refused",
    what: "Cannot set the rules of the network",
    why: complaint.replaceAll(/\s*\n\s*/g, "; ").slice(0, 500),
    next: "see what is there by `nft list ruleset`; the kernel needs nf_tables with NAT",
  });
}
