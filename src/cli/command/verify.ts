import { loadKeyring } from "#engine";
import { loadSignatures, openSif, primaryPartition, type SifFile, type Trust, type Verification } from "#sif";
import type { Command } from "../command.ts";
import { flagNeeds, optionsConflict, sifUnverified } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { keyringsToRead, keysDirFlag } from "../key-choice.ts";
import { readPem, readPublicKey } from "../key-file.ts";
import type { Flags } from "../parse.ts";
import { out } from "../print.ts";
import { sifNumbersOf } from "../sif-object-wish.ts";
import { printVerification, verificationJson } from "../verify-text.ts";

export const command: Command = {
  name: "verify",
  usage: "[OPTIONS] FILE",
  summary: "Verify the signatures of a SIF file",
  flags: [
    boolFlag("all", "Verify every object: with --legacy-insecure each by its own signature", "a"),
    textFlag("certificate", "file", "Believe the key of this certificate in PEM form, and no other"),
    textFlag("certificate-intermediates", "file", "Certificates between it and its root"),
    textFlag("certificate-roots", "file", "Roots that are believed (default: those of the machine)"),
    textFlag("group-id", "id", "Verify the objects of this group", "g"),
    textFlag("groupid", "id", "Same as --group-id"),
    textFlag("id", "id", "Same as --sif-id"),
    boolFlag("json", "Print JSON", "j"),
    textFlag("key", "file", "Believe this public key in PEM form, and no other"),
    keysDirFlag,
    boolFlag(
      "legacy-insecure",
      "Verify signatures of Singularity before 3.6, which do not cover what\nobjects are and where they lie",
    ),
    boolFlag("local", "Believe the keys on this machine alone, which is always so", "l"),
    textFlag("sif-id", "id", "Verify this object", "i"),
  ],
  examples: ["vial verify image.sif", "vial verify --key signer.pem --json image.sif"],
  args: [1, 1],
  async run(flags, [path = ""]) {
    const { verifySif } = await loadSignatures();
    using file = openSif(path);
    const isLegacy = flags.bool("legacy-insecure");
    const result = await verifySif(file, {
      ...partsOf(flags, file),
      generation: isLegacy ? "legacy" : "current",
      trust: await trustOf(flags),
      now: new Date(),
    });
    out(flags.bool("json") ? verificationJson(result) : printVerification(result));
    const [fault] = result.faults;
    if (fault !== undefined) throw sifUnverified(path, fault, hintFor(result), result.faults.length - 1);
    return 0;
  },
};

/** Without a wish every group; of legacy signatures the root alone, as Apptainer does, or with --all every object. */
function partsOf(
  flags: Flags,
  file: SifFile,
): { readonly groups: readonly number[]; readonly objects: readonly number[] } {
  const groups = sifNumbersOf(flags, ["group-id", "groupid"]);
  const objects = sifNumbersOf(flags, ["sif-id", "id"]);
  if (!flags.bool("legacy-insecure") || groups.length + objects.length > 0) return { groups, objects };
  if (!flags.bool("all")) return { groups, objects: [primaryPartition(file).id] };
  const all = file.objects.filter(({ type, group }) => type !== "signature" && group !== 0);
  return { groups, objects: all.map(({ id }) => id).sort((a, b) => a - b) };
}

async function trustOf(flags: Flags): Promise<Trust> {
  const path = flags.filled("key");
  const certificate = flags.filled("certificate");
  for (const name of ["certificate-intermediates", "certificate-roots"])
    if (certificate === undefined && flags.has(name)) throw flagNeeds(`--${name}`, "--certificate");
  if (path !== undefined && certificate !== undefined)
    throw optionsConflict("--key", "--certificate", "both name the key that is believed");
  const named = path === undefined ? certificate : path;
  if (named !== undefined && flags.has("keysdir"))
    throw optionsConflict(
      path === undefined ? "--certificate" : "--key",
      "--keysdir",
      "both name whom to believe",
    );
  if (certificate !== undefined) return await trustOfCertificate(flags, certificate);
  if (path === undefined) return await (await loadKeyring()).trustOfKeyring(await keyringsToRead(flags));
  const { checkSigningKey } = await loadSignatures();
  const key = await readPublicKey(path);
  checkSigningKey(key, path);
  return { kind: "key", key, name: path };
}

async function trustOfCertificate(flags: Flags, path: string): Promise<Trust> {
  const { keyOfCertificate, machineRoots } = await loadSignatures();
  const pem = (name: string) => {
    const file = flags.filled(name);
    return file === undefined ? undefined : readPem(`--${name}`, file);
  };
  const between = pem("certificate-intermediates");
  const { key, name } = keyOfCertificate({
    certificate: readPem("--certificate", path),
    intermediates: between === undefined ? [] : [between],
    roots: [pem("certificate-roots") ?? machineRoots()],
    now: new Date(),
  });
  return { kind: "key", key, name };
}

/** What may help, by the first fault. */
function hintFor({ faults }: Verification): "import" | "legacy" | "sign" | "again" {
  const [fault] = faults;
  if (fault?.kind === "key-unknown") return "import";
  if (fault?.kind === "unsigned") return fault.why.includes("legacy signatures alone") ? "legacy" : "sign";
  return "again";
}
