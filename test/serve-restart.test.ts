import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type ServedVial, serveVial } from "./served-vial.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// What a reboot leaves: records of containers whose processes are gone. `vial serve`, started at boot, brings those back whose
// restart policy says so.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: restarts by vial serve, because ${why}`);

let vial: TestVial;
let served: ServedVial | undefined;

beforeAll(async () => {
  if (why === undefined) vial = await openVial();
}, setupTimeout);
afterAll(async () => {
  await served?.stop();
  await vial?.close();
}, setupTimeout);

/** Ends a container and its monitor as the loss of power does: nobody records anything. Gives the pid that is gone. */
async function cut(name: string): Promise<number> {
  const [id = "", pid = ""] = (await vial.inspect(name, "{{.Id}} {{.State.Pid}}")).split(" ");
  const monitor = readFileSync(`${vial.root}/run/c/${id.slice(0, 16)}/conmon.pid`, "utf8").trim();
  for (const one of [monitor, pid]) process.kill(Number(one), "SIGKILL");
  return Number(pid);
}

test.skipIf(why !== undefined)(
  "vial serve brings back what a reboot ended, by the restart policy",
  async () => {
    for (const [name, policy] of [
      ["always", "always"],
      ["unless", "unless-stopped"],
      ["never", "no"],
    ] as const)
      await vial.ok(
        "run",
        "-d",
        "--name",
        name,
        "--restart",
        policy,
        "--network",
        "none",
        "busybox",
        "sleep",
        "1000",
      );
    const gone: number[] = [];
    for (const name of ["always", "unless", "never"]) gone.push(await cut(name));
    // Looked at in the files: a command, or a question to the server, would put things in order itself.
    const running = () =>
      vial.containerIds().filter((id) => {
        const file = `${vial.root}/containers/${id}/state.json`;
        const state = JSON.parse(readFileSync(file, "utf8")) as { status: string; process?: { pid: number } };
        return state.status === "running" && !gone.includes(state.process?.pid ?? 0);
      });
    expect(running()).toEqual([]);
    served = await serveVial(vial);
    await vial.until("two are back", () => running().length === 2);
    expect(await vial.inspect("never", "{{.State.Status}}")).toBe("exited");
    for (const name of ["always", "unless"])
      expect(await vial.inspect(name, "{{.State.Status}} {{.RestartCount}}")).toBe("running 1");
  },
);
