import { describe, expect, test } from "bun:test";
import { type HostFacts, needs } from "#host";
import { canRunContainers, diagnose, isBefore } from "./doctor.ts";

/** A host on which all is well. */
function healthyHost(): HostFacts {
  return {
    kernel: {
      release: "6.18.0",
      fileSystems: { overlay: "yes", erofs: "yes", squashfs: "module", fuse: "yes" },
      erofsFromFile: true,
      seccomp: true,
    },
    userNamespaces: { trial: { works: true }, settings: { "user.max_user_namespaces": "96365" } },
    cgroup: { mode: "v2", controllers: ["cpu", "memory", "pids"] },
    user: { uid: 0, name: "root", subuid: [], subgid: [] },
    devices: { "/dev/fuse": "open", "/dev/kvm": "open", "/dev/net/tun": "open", "/dev/loop-control": "open" },
    securityModules: ["capability", "landlock"],
    limits: { openFiles: 1048576, mayRaise: true },
    programs: needs.map((need) => ({ need, path: `/usr/bin/${need.program}`, version: "99.1" })),
    store: {
      root: "/var/lib/vial",
      fileSystem: "ext4",
      noOverlays: undefined,
      freeBytes: 1e11,
      locks: { works: true },
    },
  };
}

const without = (facts: HostFacts, program: string): HostFacts => ({
  ...facts,
  programs: facts.programs.map((entry) =>
    entry.need.program === program ? { ...entry, path: undefined } : entry,
  ),
});
const ordinaryUser = (facts: HostFacts): HostFacts => ({
  ...facts,
  user: {
    uid: 1000,
    name: "anna",
    subuid: [{ start: 100000, count: 65536 }],
    subgid: [{ start: 100000, count: 65536 }],
  },
});
const named = (facts: HostFacts, name: string) => diagnose(facts).find((finding) => finding.name === name);

describe("diagnose()", () => {
  test("has nothing to say about a healthy host, for root and for an ordinary user", () => {
    for (const facts of [healthyHost(), ordinaryUser(healthyHost())]) {
      expect(diagnose(facts).filter((finding) => finding.status !== "fine")).toEqual([]);
      expect(canRunContainers(diagnose(facts))).toBe(true);
    }
  });

  test("gives a cost and a cure with everything that is amiss", () => {
    const facts: HostFacts = {
      ...ordinaryUser(healthyHost()),
      kernel: {
        release: "4.19.0",
        fileSystems: { overlay: "no", erofs: "no", squashfs: "no", fuse: "no" },
        erofsFromFile: false,
        seccomp: false,
      },
      userNamespaces: { trial: { works: false, why: "Operation not permitted" }, settings: {} },
      cgroup: { mode: "none", controllers: [] },
      user: { uid: 1000, name: "anna", subuid: [], subgid: [] },
      devices: {
        "/dev/fuse": "closed",
        "/dev/kvm": "absent",
        "/dev/net/tun": "closed",
        "/dev/loop-control": "absent",
      },
      limits: { openFiles: 1024, mayRaise: false },
      programs: needs.map((need) => ({ need, path: undefined, version: undefined })),
      store: {
        root: "/mnt/nfs",
        fileSystem: "nfs",
        noOverlays: "it is on nfs",
        freeBytes: 5,
        locks: { works: false, why: "ENOLCK" },
      },
    };
    const amiss = diagnose(facts).filter((finding) => finding.status !== "fine");
    expect(amiss.length).toBeGreaterThan(25);
    expect(amiss.filter((finding) => !finding.cost || !finding.mend)).toEqual([]);
    expect(canRunContainers(amiss)).toBe(false);
    expect(amiss.find(({ name }) => name === "file system")?.found).toBe("it is on nfs");
  });

  test("a missing runtime stops everybody, a missing newuidmap only an ordinary user", () => {
    expect(canRunContainers(diagnose(without(healthyHost(), "crun")))).toBe(false);
    expect(canRunContainers(diagnose(without(healthyHost(), "newuidmap")))).toBe(true);
    expect(canRunContainers(diagnose(without(ordinaryUser(healthyHost()), "newuidmap")))).toBe(false);
    expect(named(without(healthyHost(), "crun"), "crun")?.mend).toBe("apt-get install crun");
  });

  test("names the setting that forbids user namespaces", () => {
    const refused = (settings: Record<string, string>): HostFacts => ({
      ...ordinaryUser(healthyHost()),
      userNamespaces: { trial: { works: false, why: "EPERM" }, settings },
    });
    const mend = (settings: Record<string, string>) => named(refused(settings), "user namespaces")?.mend;
    expect(mend({ "kernel.unprivileged_userns_clone": "0" })).toBe(
      "sudo sysctl kernel.unprivileged_userns_clone=1",
    );
    expect(mend({ "kernel.apparmor_restrict_unprivileged_userns": "1" })).toBe(
      "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    );
    expect(mend({ "user.max_user_namespaces": "0" })).toBe("sudo sysctl user.max_user_namespaces=15000");
  });

  test("an ordinary user without a range of ids gets the command that gives one", () => {
    const facts = ordinaryUser(healthyHost());
    const poor: HostFacts = { ...facts, user: { ...facts.user, subuid: [] } };
    expect(named(poor, "/etc/subuid")).toMatchObject({
      status: "stop",
      mend: "sudo usermod --add-subuids 100000-165535 anna",
    });
  });

  test("warns of a runc with known holes", () => {
    const facts = healthyHost();
    const old: HostFacts = {
      ...facts,
      programs: facts.programs.map((entry) => ({
        ...entry,
        version: entry.need.program === "runc" ? "1.1.5+ds1" : "99.1",
      })),
    };
    expect(named(old, "runc")).toMatchObject({
      status: "lack",
      cost: expect.stringContaining("CVE-2024-21626"),
    });
  });
});

describe("isBefore()", () => {
  test.each([
    ["1.1.5+ds1", true],
    ["1.2.7", true],
    ["1.2.8", false],
    ["1.3.2", true],
    ["1.3.3", false],
    ["1.4.0", false],
    ["2.0", false],
  ])("%s", (version, expected) => {
    expect(isBefore(version, ["1.2.8", "1.3.3", "1.4.0"])).toBe(expected);
  });
});
