import { existsSync, fstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { loadSignatures } from "#sif";
import { policyPathMoved, policyRefused } from "./error.ts";
import { trustOfKeyring } from "../keyring/keyring.ts";
import type { PolicyFile, PolicySubject } from "./policy.ts";
import { parsePolicy, type Policy, type Rule, ruleFor } from "./rules.ts";

/** Holds a subject against policies, all of which have to let it run. Loaded where there is one. */
export async function enforcePolicy(files: readonly PolicyFile[], subject: PolicySubject): Promise<void> {
  // All are read first: a slip in one is told even where the other refuses.
  const policies = files.map(parsePolicy);
  const path = realPath(subject);
  for (const policy of policies) {
    const rule = ruleFor(policy, path, process.env.HOME);
    const why = await objection(policy, rule, subject);
    if (why !== undefined) throw policyRefused(subject.path, policy.file, nameOf(rule), why);
  }
}

function nameOf(rule: Rule | undefined): string {
  return rule === undefined ? "the default" : `rule ${rule.number} (${JSON.stringify(rule.path)})`;
}

/** Of what is open, not of what was asked for: links and renames in between do not matter. */
function realPath({ path, fd }: PolicySubject): string {
  // What is not there is for who opens it to say.
  if (fd === undefined) return existsSync(path) ? realpathSync(path) : path;
  const real = readlinkSync(`/proc/self/fd/${fd}`);
  const [there, here] = [statSync(real, { throwIfNoEntry: false }), fstatSync(fd)];
  if (there?.ino !== here.ino || there.dev !== here.dev) throw policyPathMoved(path);
  return real;
}

async function objection(
  { otherwise }: Policy,
  rule: Rule | undefined,
  { sif }: PolicySubject,
): Promise<string | undefined> {
  const mode = rule?.mode ?? otherwise;
  if (rule === undefined || mode === "allow" || mode === "deny")
    return mode === "allow" ? undefined : "it lets nothing run from there";
  if (sif === undefined) return "it demands a signature, and only a SIF file can have one";
  const { signersOfAll, verifySif } = await loadSignatures();
  const result = await verifySif(sif, {
    groups: [],
    objects: [],
    generation: "current",
    trust: await trustOfKeyring(),
    now: new Date(),
  });
  const signers = new Set(signersOfAll(result).map(({ fingerprint }) => fingerprint));
  const [fault] = result.faults;
  const found =
    signers.size > 0
      ? `it is signed by ${[...signers].join(", ")}`
      : `it is not signed as a whole by a key that is known here${fault === undefined ? "" : `: ${fault.why}`}`;
  switch (mode) {
    case "any-of":
      return rule.keys.some((key) => signers.has(key))
        ? undefined
        : `it demands a signature by ${rule.keys.join(" or ")}, and ${found}`;
    case "all-of":
      return rule.keys.every((key) => signers.has(key))
        ? undefined
        : `it demands signatures by ${rule.keys.join(" and ")}, and ${found}`;
    case "none-of": {
      // A signature that names such a key counts, whether it is true or not: nobody else gains by it.
      const named = new Set(
        result.parts.flatMap(({ checks }) =>
          checks.flatMap(({ signer, claimed }) => [signer?.fingerprint, claimed]),
        ),
      );
      const bad = rule.keys.find((key) => named.has(key));
      if (bad !== undefined) return `it takes nothing that ${bad} has signed`;
      return signers.size > 0
        ? undefined
        : `it demands a signature by a key that is known here, and ${found}`;
    }
    default:
      return mode satisfies never;
  }
}
