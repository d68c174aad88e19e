import { jsonText, showControls } from "#kit";
import { dataTypes, type SifObject, type Verification } from "#sif";

// What `vial verify` prints: the lines and the JSON of `apptainer verify`, and what neither has, the objects that nobody
// has signed.

export function printVerification({ parts, unproven }: Verification): string {
  const lines: string[] = [];
  for (const { checks } of parts)
    for (const { id, signer, claimed, proven, fault } of checks) {
      lines.push(
        signer === undefined
          ? `Signature ${id}, by the key ${claimed ?? "(not named)"}, which was not confirmed`
          : `Signing entity: ${showControls(signer.name)}\nFingerprint: ${signer.fingerprint}`,
      );
      if (proven.length > 0) lines.push("Objects verified:", ...tableOf(proven));
      if (fault !== undefined) lines.push(`Fault: ${showControls(fault.why)}`);
      lines.push("");
    }
  if (unproven.length > 0) lines.push("Objects not verified:", ...tableOf(unproven), "");
  return lines.length === 0 ? "" : `${lines.join("\n").trimEnd()}\n`;
}

function tableOf(objects: readonly SifObject[]): readonly string[] {
  return [
    "ID  |GROUP   |LINK    |TYPE",
    "-".repeat(48),
    ...objects.map((object) => {
      const group = object.group === 0 ? "NONE" : String(object.group);
      const link = object.link === 0 ? "NONE" : `${object.link}${object.linkIsGroup ? " (G)" : ""}`;
      const type = dataTypes.shownOf(object.type);
      return `${String(object.id).padEnd(4)}|${group.padEnd(8)}|${link.padEnd(8)}|${type}`;
    }),
  ];
}

/** Apptainer's document: an entry for each object of each signature. `Unverified` and `Errors` are Vial's own. */
export function verificationJson({ parts, faults, unproven }: Verification): string {
  const checks = parts.flatMap((part) => part.checks);
  return `${jsonText(
    {
      Signatures: checks.length,
      SignerKeys: checks.flatMap(({ signer, claimed, proven, altered }) => {
        const entry = (object: SifObject, isSame: boolean) => ({
          Signer: {
            Partition: dataTypes.shownOf(object.type),
            ID: object.id,
            Name: signer?.name ?? "unknown",
            Fingerprint: (signer?.fingerprint ?? claimed ?? "").replace(/^[0-9A-F]{40}$/, (hex) =>
              hex.toLowerCase(),
            ),
            KeyLocal: signer !== undefined,
            KeyCheck: signer !== undefined,
            DataCheck: isSame,
          },
        });
        return [
          ...proven.map((object) => entry(object, true)),
          ...(altered === undefined ? [] : [entry(altered, false)]),
        ];
      }),
      Unverified: unproven.map(({ id, group, type }) => ({
        ID: id,
        Group: group,
        Type: dataTypes.shownOf(type),
      })),
      Errors: faults.map(({ why }) => why),
    },
    2,
  )}\n`;
}
