import { describe, expect, test } from "bun:test";
import { planMounts } from "./plan.ts";
import type { HpcWish } from "./wish.ts";

const caller = {
  uid: 1000,
  gid: 100,
  name: "ada",
  gecos: "",
  shell: "/bin/sh",
  home: "/home/ada",
  homeSource: "/data/home/ada",
  groups: [],
} as unknown as Parameters<typeof planMounts>[1]["caller"];

function plan(changes: Partial<HpcWish> = {}, cwd = "/project", gpus: ReturnType<typeof planMounts> = []) {
  const wish = {
    action: { kind: "exec", words: ["true"] },
    binds: [],
    scratch: [],
    home: undefined,
    noHome: false,
    cwd: undefined,
    workdir: undefined,
    contain: false,
    noMount: { names: new Set(), paths: new Set() },
    root: "read-only",
    overlays: [],
    namespaces: new Set(),
    hostname: undefined,
    nameServers: [],
    ...changes,
  } as unknown as HpcWish;
  return planMounts(wish, { caller, cwd, image: { passwd: "", group: undefined }, gpus });
}

const targets = (steps: ReturnType<typeof plan>) => steps.map(({ kind, target }) => `${kind} ${target}`);

describe("planMounts()", () => {
  test("by default shows the host's files, and the caller's folder last", () => {
    expect(targets(plan())).toEqual([
      "bind /proc",
      "bind /sys",
      "bind /dev",
      "bind /tmp",
      "bind /var/tmp",
      "bind /home/ada",
      "bind /etc/hosts",
      "bind /etc/localtime",
      "bind /etc/resolv.conf",
      "file /etc/passwd",
      "cwd /project",
    ]);
    const home = plan().find(({ target }) => target === "/home/ada");
    expect(home).toMatchObject({
      source: "/data/home/ada",
      attributes: ["nosuid", "nodev"],
      origin: "default",
    });
  });

  test("contained, shows none of them, and no hardware", () => {
    const steps = targets(plan({ contain: true }));
    for (const expected of [
      "tmpfs /tmp",
      "tmpfs /home/ada",
      "tmpfs /dev",
      "bind /dev/null",
      "tmpfs /dev/shm",
    ])
      expect(steps).toContain(expected);
    for (const none of ["cwd /project", "bind /dev", "bind /home/ada"]) expect(steps).not.toContain(none);
    const kept = plan({ contain: true, workdir: "/w" }).find(({ target }) => target === "/tmp");
    expect(kept).toMatchObject({ kind: "bind", source: "/w/tmp", make: 0o1777 });
  });

  test("binds come behind what they may lie in, and are read-only where that was asked for", () => {
    const steps = plan({ binds: [{ source: "/a", target: "/tmp/a", readonly: true }] });
    const at = steps.findIndex(({ target }) => target === "/tmp/a");
    expect(at).toBeGreaterThan(steps.findIndex(({ target }) => target === "/tmp"));
    expect(steps[at]).toMatchObject({ attributes: ["nosuid", "nodev", "readonly"], origin: "asked" });
  });

  test("what graphics cards need comes before the binds that were asked for, which win over it", () => {
    const gpus = [{ kind: "tmpfs", target: "/.singularity.d/libs", mode: 0o755, origin: "default" }] as const;
    const steps = targets(
      plan({ binds: [{ source: "/a", target: "/a", readonly: true }] }, "/project", gpus),
    );
    expect(steps.slice(-3)).toEqual(["tmpfs /.singularity.d/libs", "bind /a", "cwd /project"]);
  });

  test("--no-mount leaves out by name and by path; folders of the system are never the caller's", () => {
    const names = new Set(["tmp", "cwd", "bind-paths", "home"]) as unknown as HpcWish["noMount"]["names"];
    expect(targets(plan({ noMount: { names, paths: new Set(["/etc/resolv.conf"]) } }))).toEqual([
      "bind /proc",
      "bind /sys",
      "bind /dev",
      "file /etc/passwd",
    ]);
    for (const cwd of ["/etc", "/usr", "/proc/1", "/dev/shm", "/"])
      expect(targets(plan({}, cwd))).not.toContain(`cwd ${cwd}`);
  });

  test("name servers that were asked for stand in for the host's", () => {
    const step = plan({ nameServers: ["192.0.2.1", "2001:db8::1"] }).find(
      ({ target }) => target === "/etc/resolv.conf",
    );
    expect(step).toMatchObject({ kind: "file", content: "nameserver 192.0.2.1\nnameserver 2001:db8::1\n" });
  });

  test("a process namespace has a /proc of its own, a network its own /sys", () => {
    const steps = targets(plan({ namespaces: new Set(["pid", "net"]) }));
    expect(steps.slice(0, 2)).toEqual(["proc /proc", "sysfs /sys"]);
  });
});
