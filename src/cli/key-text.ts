import type { KnownKey } from "#engine";
import { jsonText, showControls } from "#kit";
import { loadSignatures, type PgpKeyFacts } from "#sif";
import { printTime } from "#spec";

// What `vial key list` prints, by the lines of `apptainer key list`. Names in keys are text of strangers.

interface Line {
  readonly facts: PgpKeyFacts;
  readonly origin: KnownKey["place"]["origin"];
  /** Whether the secret key is here. */
  readonly signs: boolean;
}

async function linesOf(keys: readonly KnownKey[], secret: readonly KnownKey[]): Promise<readonly Line[]> {
  const { factsOf, fingerprintOf } = await loadSignatures();
  const own = new Set(secret.map(({ key }) => fingerprintOf(key)));
  return await Promise.all(
    keys.map(async ({ key, place }) => {
      const facts = await factsOf(key);
      return { facts, origin: place.origin, signs: own.has(facts.fingerprint) };
    }),
  );
}

/** Each key with the number by which `-k` names it. */
export async function describeKeys(
  keys: readonly KnownKey[],
  secret: readonly KnownKey[] = [],
): Promise<string> {
  const lines = await linesOf(keys, secret);
  return lines.map((line, index) => printLine(line, index)).join("\n");
}

function printLine({ facts, origin, signs }: Line, index: number): string {
  const now = Date.now();
  const state = [
    ...(facts.revoked ? ["revoked"] : []),
    ...(facts.expires !== undefined && facts.expires.getTime() <= now ? ["expired"] : []),
    ...(facts.secret && !facts.locked ? ["secret key without a password"] : []),
    ...(signs && !facts.secret ? ["you have the secret key"] : []),
    ...(origin === "own" ? [] : [`from the keyring of ${origin === "machine" ? "the machine" : origin}`]),
  ];
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["User", facts.owners.map((owner) => showControls(owner)).join("; ") || "(no name)"],
    ["Creation time", timeOf(facts.created)],
    ["Expiry time", facts.expires === undefined ? undefined : timeOf(facts.expires)],
    ["Fingerprint", facts.fingerprint],
    ["Kind", facts.algorithm],
    ["Note", state.length === 0 ? undefined : state.join(", ")],
  ];
  return rows
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value], row) =>
        `${row === 0 ? `${index})`.padEnd(4) : "    "}${`${name}:`.padEnd(16)}${value}\n`,
    )
    .join("");
}

export async function keysJson(keys: readonly KnownKey[], secret: readonly KnownKey[]): Promise<string> {
  const lines = await linesOf(keys, secret);
  return `${jsonText(
    lines.map(({ facts, origin, signs }, index) => ({
      index,
      fingerprint: facts.fingerprint,
      owners: facts.owners,
      algorithm: facts.algorithm,
      created: timeOf(facts.created),
      expires: facts.expires === undefined ? null : timeOf(facts.expires),
      revoked: facts.revoked,
      secret: facts.secret || signs,
      keyring: origin,
    })),
    2,
  )}\n`;
}

function timeOf(date: Date): string {
  return printTime(Math.floor(date.getTime() / 1000));
}
