// A Vial that only prepares another program and becomes it is over before compiled code pays for having been compiled: with
// JavaScriptCore's interpreter alone its start is a tenth shorter (57 to 51 ms). The engine reads its options once, from the
// environment, so this is for a Vial that another one starts.

const option = "BUN_JSC_useBaselineJIT";
/** Spelt as nobody else would: one of the person's own is left as it is. */
const off = "false";

/** The environment for a Vial that starts anew and is soon something else. */
export function shortStart(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return env[option] === undefined ? { ...env, [option]: off } : env;
}

/** Takes out of this process's environment what shortStart() put there, so that no program inherits it. */
export function forgetShortStart(): void {
  if (process.env[option] === off) delete process.env[option];
}
