import { openRoot, readFileInside } from "#host";

const maxBytes = 4 * 1024 * 1024;

/**
 * /etc/passwd and /etc/group of a container's root. Links are resolved inside that root; fifos, devices and giant files
 * count as absent (CVE-2022-36109 family).
 */
export function readAccounts(root: string): { readonly passwd: string; readonly group: string } {
  using top = openRoot(root);
  return { passwd: readInside(top.fd, "etc/passwd"), group: readInside(top.fd, "etc/group") };
}

function readInside(root: number, path: string): string {
  return readFileInside(root, path, maxBytes)?.toString() ?? "";
}
