import type { HpcImage } from "#runtime";
import type { ContainerDefaults } from "#spec";

/** An image with what its OCI config says of programs. */
export function ofDefaults(
  name: string,
  root: HpcImage["root"],
  { Env, Entrypoint, Cmd }: Pick<ContainerDefaults, "Env" | "Entrypoint" | "Cmd">,
): HpcImage {
  return { name, root, env: Env ?? [], entrypoint: Entrypoint ?? [], command: Cmd ?? [] };
}
