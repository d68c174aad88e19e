import { ownProgram } from "#engine";
import { enterUserNamespace, keepInheritedDescriptors } from "#host";
import type { HpcForm } from "./form.ts";

/** Starts Vial anew as `vial internal-hpc VERB ...` in the namespaces that the form asks for. `argv` begins with the verb. */
export function enterHpc(form: HpcForm, argv: readonly string[]): never {
  keepInheritedDescriptors();
  const isRoot = process.getuid?.() === 0;
  const user = form.fakeroot && !isRoot ? "root" : isRoot && !form.userns ? undefined : "self";
  enterUserNamespace({ user, pid: form.pid }, ownProgram(), ["internal-hpc", ...argv]);
}
