import { ownProgram } from "#engine";
import { type EarlyNamespaces, enterUserNamespace, keepInheritedDescriptors } from "#host";
import type { HpcForm } from "./form.ts";

/** Starts Vial anew as `vial ARGV...` in the namespaces that the form asks for: `internal-hpc VERB ...`. */
export function enterHpc(form: HpcForm, argv: readonly string[]): never {
  keepInheritedDescriptors();
  enterUserNamespace({ user: namespaceUser(form), pid: form.pid, init: form.init }, ownProgram(), argv);
}

/** Who the caller is in a user namespace of his own; undefined: there is none, for root needs none. */
export function namespaceUser(form: HpcForm): EarlyNamespaces["user"] {
  const isRoot = process.getuid?.() === 0;
  return form.fakeroot && !isRoot ? "root" : isRoot && !form.userns ? undefined : "self";
}
