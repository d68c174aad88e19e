import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { policyInvalid } from "./error.ts";
import type { PolicyFile } from "./policy.ts";

// The language of a policy:
//
//     default = "deny"                  # what no rule names: "allow" or "deny"
//     [[rule]]                          # the first that names the path decides
//     path = "/shared/images"           # this path and all below it; or a pattern: "/shared/*/v?.sif", "~/images/**"
//     mode = "any-of"                   # "allow", "deny", or who has to have signed: "any-of", "all-of", "none-of"
//     keys = ["12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84"]

const modes = ["allow", "deny", "any-of", "all-of", "none-of"] as const;
export type Mode = (typeof modes)[number];

export interface Rule {
  /** From 1, as a person counts them. */
  readonly number: number;
  readonly path: string;
  readonly mode: Mode;
  /** Fingerprints: 40 upper-case hexadecimal digits. */
  readonly keys: readonly string[];
}

export interface Policy {
  readonly file: string;
  readonly otherwise: "allow" | "deny";
  readonly rules: readonly Rule[];
}

const fingerprint = v.pipe(
  v.string(),
  v.transform((text) => text.replace(/\s/g, "").toUpperCase()),
  v.regex(/^[0-9A-F]{40}$/, "is no fingerprint of 40 hexadecimal digits, as `vial key list` shows it"),
);

const schema = v.strictObject({
  // Not left to a guess: it decides about every image that nobody thought of.
  default: v.picklist(
    ["allow", "deny"],
    'has to be "allow" or "deny": what becomes of images that no rule names',
  ),
  rule: v.optional(
    v.array(
      v.strictObject({
        path: v.pipe(v.string(), v.regex(/^(\/|~\/)/, 'has to begin with "/" or "~/"')),
        mode: v.picklist(modes, `has to be one of ${modes.map((mode) => `"${mode}"`).join(", ")}`),
        keys: v.optional(v.array(fingerprint), []),
      }),
    ),
    [],
  ),
});

/** Throws policy-invalid: a policy with a slip in it lets nothing run. */
export function parsePolicy({ path: file, text }: PolicyFile): Policy {
  let document: unknown;
  try {
    document = Bun.TOML.parse(text);
  } catch (error) {
    throw policyInvalid(file, `it is no TOML: ${(error as Error).message.split("\n")[0]}`);
  }
  const result = v.safeParse(schema, document);
  if (!result.success) {
    const [issue] = result.issues;
    throw policyInvalid(file, `${v.getDotPath(issue) ?? "the file"}: ${issue.message}`);
  }
  const rules = result.output.rule.map((rule, index) => ({ ...rule, number: index + 1 }));
  for (const { number, mode, keys } of rules) {
    const needs = mode !== "allow" && mode !== "deny";
    if (needs !== keys.length > 0)
      throw policyInvalid(
        file,
        needs ? `rule ${number}: "${mode}" needs keys` : `rule ${number}: "${mode}" takes no keys`,
      );
  }
  return { file, otherwise: result.output.default, rules };
}

/** The first rule that names a path, which is a real one: absolute, and without links in it. */
export function ruleFor({ rules }: Policy, path: string, home: string | undefined): Rule | undefined {
  return rules.find((rule) => {
    const pattern = rule.path.startsWith("~/")
      ? home === undefined
        ? undefined
        : home + rule.path.slice(1)
      : rule.path;
    if (pattern === undefined) return false;
    // The folders that a pattern names may be links: it means what lies behind them, and what lies at them.
    return [pattern, resolvePattern(pattern)].some((form) => matches(form, path));
  });
}

const wildcard = /[*?[{\\]/;

function matches(pattern: string, path: string): boolean {
  if (wildcard.test(pattern)) return new Bun.Glob(pattern).match(path);
  const folder = pattern.replace(/\/+$/, "");
  return path === folder || path.startsWith(`${folder}/`);
}

/** The pattern with the folders before its first wildcard without links. */
function resolvePattern(pattern: string): string {
  const parts = pattern.split("/");
  const wild = parts.findIndex((part) => wildcard.test(part));
  const fixed = (wild < 0 ? parts : parts.slice(0, wild)).join("/") || "/";
  const rest = wild < 0 ? [] : parts.slice(wild);
  return join(realFolder(fixed), ...rest);
}

function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Of a path that is not there, what is there of it.
    const parent = dirname(path);
    return parent === path
      ? path
      : join(realFolder(parent), path.slice(parent === "/" ? 1 : parent.length + 1));
  }
}
