import { warmCgroupLock } from "#host";

/** Call first in a command that will start a container: begins what the kernel takes its time for. */
export function warmStart(): void {
  warmCgroupLock();
}
