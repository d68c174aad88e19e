import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { containerFlags } from "../src/cli/container-flags.ts";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// One flag, one test: each flag of `run` and `create` does what it says, seen from inside the container, from the host,
// or in `inspect`. The last test holds the list complete.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: the flags of run, because ${why}`);
const suite = describe.skipIf(why !== undefined);

let vial: TestVial;
/** Flags that a test below is for. */
const tested = new Set<string>();

beforeAll(async () => {
  if (why === undefined) vial = await openVial();
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

function covers(...flags: readonly string[]): string {
  for (const flag of flags) tested.add(flag);
  return flags.map((flag) => `--${flag}`).join(" and ");
}

/** Runs `vial run --rm FLAGS busybox COMMAND` and gives what the program printed. */
async function inside(flags: readonly string[], ...command: readonly string[]): Promise<string> {
  return (await vial.ok("run", "--rm", ...flags, "busybox", ...command)).trim();
}

async function refusal(flags: readonly string[], ...command: readonly string[]) {
  const { code, err } = await vial.run("run", "--rm", ...flags, "busybox", ...command);
  expect(code).not.toBe(0);
  return { code, err };
}

interface Row {
  readonly covers: readonly string[];
  readonly name: string;
  readonly flags: readonly string[];
  readonly command: readonly string[];
  readonly expected: string | RegExp;
}

const sh = (script: string): readonly string[] => ["sh", "-c", script];
const capabilitiesOf = (set: string): readonly string[] => sh(`grep ${set} /proc/self/status | cut -f2`);

const rows: readonly Row[] = [
  {
    covers: ["add-host"],
    name: "a line in /etc/hosts",
    flags: ["--add-host", "db:10.0.0.2", "--add-host", "six=[::2]"],
    // Not "db" alone: it is also part of every 23rd container id, which is the host name.
    command: ["grep", "-wE", "db|six", "/etc/hosts"],
    expected: "10.0.0.2\tdb\n::2\tsix",
  },
  {
    covers: ["cap-drop"],
    name: "ALL leaves none",
    flags: ["--cap-drop", "ALL"],
    command: capabilitiesOf("CapBnd"),
    expected: "0000000000000000",
  },
  {
    covers: ["cap-add"],
    name: "one after ALL was dropped (CAP_NET_ADMIN is bit 12)",
    flags: ["--cap-drop", "all", "--cap-add", "net_admin"],
    command: capabilitiesOf("CapEff"),
    expected: "0000000000001000",
  },
  {
    covers: ["cap-add"],
    name: "without a flag: Docker's fourteen",
    flags: [],
    command: capabilitiesOf("CapEff"),
    expected: "00000000a80425fb",
  },
  {
    covers: ["dns"],
    name: "the name server",
    flags: ["--dns", "192.0.2.1", "--dns", "192.0.2.2"],
    command: ["cat", "/etc/resolv.conf"],
    expected: "nameserver 192.0.2.1\nnameserver 192.0.2.2",
  },
  {
    covers: ["dns-search", "dns-option", "dns-opt"],
    name: "what stands beside the name servers",
    flags: [
      "--dns",
      "192.0.2.1",
      "--dns-search",
      "example.org",
      "--dns-option",
      "ndots:2",
      "--dns-opt",
      "rotate",
    ],
    command: ["cat", "/etc/resolv.conf"],
    expected: "nameserver 192.0.2.1\nsearch example.org\noptions ndots:2 rotate",
  },
  {
    covers: ["domainname"],
    name: "the domain of the host name",
    flags: ["--hostname", "web", "--domainname", "example.org"],
    command: sh("hostname -f; cat /proc/sys/kernel/domainname"),
    expected: "web.example.org\nexample.org",
  },
  {
    covers: ["entrypoint"],
    name: "a program before the command",
    flags: ["--entrypoint", "echo"],
    command: ["a", "b"],
    expected: "a b",
  },
  {
    covers: ["env"],
    name: "a value, a value of ours, over the image's",
    flags: ["-e", "A=1", "--env", "HOME_FROM_HERE", "-e", "LAYER=flag", "-e", "EMPTY="],
    command: sh('echo "$A $LAYER [$EMPTY] [$HOME_FROM_HERE]"'),
    expected: "1 flag [] []",
  },
  {
    covers: ["group-add"],
    name: "by name and number",
    flags: ["--group-add", "audio", "--group-add", "4242"],
    command: ["id", "-G"],
    expected: "0 29 4242",
  },
  {
    covers: ["hostname"],
    name: "uname and /etc/hostname",
    flags: ["-h", "web-1"],
    command: sh("hostname; cat /etc/hostname"),
    expected: "web-1\nweb-1",
  },
  {
    covers: ["init"],
    name: "process 1 is the init",
    flags: ["--init"],
    command: ["cat", "/proc/1/comm"],
    expected: "init",
  },
  {
    covers: ["ipc"],
    name: "host: the host's IPC namespace",
    flags: ["--ipc", "host"],
    command: ["readlink", "/proc/self/ns/ipc"],
    expected: namespaceHere("ipc"),
  },
  {
    covers: ["uts"],
    name: "host: the host's name",
    flags: ["--uts", "host"],
    command: ["hostname"],
    expected: hostname(),
  },
  {
    covers: ["pid"],
    name: "host: the host's processes",
    flags: ["--pid", "host"],
    command: ["readlink", "/proc/self/ns/pid"],
    expected: namespaceHere("pid"),
  },
  {
    covers: ["network"],
    name: "none: the loopback alone",
    flags: ["--network", "none"],
    command: ["ls", "/sys/class/net"],
    expected: "lo",
  },
  {
    covers: ["net"],
    name: "host: the host's network namespace",
    flags: ["--net", "host"],
    command: ["readlink", "/proc/self/ns/net"],
    expected: namespaceHere("net"),
  },
  {
    covers: ["cgroupns"],
    name: "private: its own group is the top",
    flags: ["--cgroupns", "private"],
    command: sh("grep -c ':/$' /proc/self/cgroup > /tmp/own; grep -vc ':/$' /proc/self/cgroup || true"),
    expected: "0",
  },
  {
    covers: ["cgroupns"],
    name: "host: the host's view",
    flags: ["--cgroupns", "host"],
    command: ["readlink", "/proc/self/ns/cgroup"],
    expected: namespaceHere("cgroup"),
  },
  {
    covers: ["oom-score-adj"],
    name: "the score of the process",
    flags: ["--oom-score-adj", "500"],
    command: ["cat", "/proc/self/oom_score_adj"],
    expected: "500",
  },
  {
    covers: ["read-only"],
    name: "the root takes no file",
    flags: ["--read-only"],
    command: sh("touch /x 2>&1; echo $?"),
    expected: "touch: /x: Read-only file system\n1",
  },
  {
    covers: ["tmpfs"],
    name: "a file system in memory with its size",
    flags: ["--read-only", "--tmpfs", "/run/t:size=2m,mode=700"],
    command: sh("stat -c %a /run/t; df -k /run/t | tail -1 | awk '{print $2}'"),
    expected: "700\n2048",
  },
  {
    covers: ["shm-size"],
    name: "the size of /dev/shm",
    flags: ["--shm-size", "3m"],
    command: sh("df -k /dev/shm | tail -1 | awk '{print $2}'"),
    expected: "3072",
  },
  {
    covers: ["sysctl"],
    name: "a parameter of the IPC namespace",
    flags: ["--sysctl", "kernel.msgmax=4321"],
    command: ["cat", "/proc/sys/kernel/msgmax"],
    expected: "4321",
  },
  {
    covers: ["ulimit"],
    name: "soft and hard",
    flags: ["--ulimit", "nofile=100:200", "--ulimit", "core=0"],
    command: sh("ulimit -Sn; ulimit -Hn; ulimit -c"),
    expected: "100\n200\n0",
  },
  {
    covers: ["user"],
    name: "a name: uid, gid, groups and home",
    flags: ["-u", "alice"],
    command: sh("id -u; id -g; id -G; echo $HOME"),
    expected: "1000\n1000\n1000 50\n/home/alice",
  },
  {
    covers: ["user"],
    name: "numbers that nobody knows",
    flags: ["--user", "12345:54321"],
    command: sh("id -u; id -g; echo $HOME"),
    expected: "12345\n54321\n/",
  },
  {
    covers: ["user"],
    name: "a user who is not root holds no capability",
    flags: ["--user", "alice:staff"],
    command: sh("id -g; grep CapEff /proc/self/status | cut -f2"),
    expected: "50\n0000000000000000",
  },
  {
    covers: ["workdir"],
    name: "a folder that is not there is made",
    flags: ["-w", "/made/by/us", "-u", "alice"],
    command: sh("pwd; touch file && echo mine"),
    expected: "/made/by/us\nmine",
  },
  {
    covers: ["privileged"],
    name: "all capabilities that we hold, the host's devices, a writable /proc/sys, no filter",
    flags: ["--privileged"],
    command: sh(
      "grep CapEff /proc/self/status | cut -f2; ls /dev/loop-control; grep Seccomp: /proc/self/status | cut -f2; test -w /proc/sys/vm && echo rw",
    ),
    expected: `${capabilitiesHere()}\n/dev/loop-control\n0\nrw`,
  },
  {
    covers: ["security-opt"],
    name: "without a flag the filter is on, and no-new-privileges is off",
    flags: [],
    command: sh("grep -E 'Seccomp:|NoNewPrivs' /proc/self/status | cut -f2"),
    expected: "0\n2",
  },
  {
    covers: ["security-opt"],
    name: "no-new-privileges and seccomp=unconfined",
    flags: ["--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined"],
    command: sh("grep -E 'Seccomp:|NoNewPrivs' /proc/self/status | cut -f2"),
    expected: "1\n0",
  },
  {
    covers: ["security-opt"],
    name: "systempaths=unconfined unmasks",
    flags: ["--security-opt", "systempaths=unconfined"],
    command: sh('test -n "$(head -c 4 /proc/interrupts)" && echo seen'),
    expected: "seen",
  },
  {
    covers: ["userns"],
    name: "host: no other users",
    flags: ["--userns", "host"],
    command: ["readlink", "/proc/self/ns/user"],
    expected: namespaceHere("user"),
  },
  {
    covers: ["isolation"],
    name: "container, the one there is",
    flags: ["--isolation", "container"],
    command: ["echo", "ok"],
    expected: "ok",
  },
  {
    covers: ["pull"],
    name: "never, with an image that is here",
    flags: ["--pull", "never"],
    command: ["echo", "ok"],
    expected: "ok",
  },
  {
    covers: ["platform"],
    name: "this machine's",
    flags: ["--platform", process.arch === "arm64" ? "linux/arm64" : "linux/amd64"],
    command: ["echo", "ok"],
    expected: "ok",
  },
  {
    covers: ["interactive"],
    name: "without it the program reads nothing",
    flags: [],
    command: ["cat"],
    expected: "",
  },
  {
    covers: ["tty"],
    name: "standard input is a terminal",
    flags: ["-t"],
    command: sh("test -t 0 && test -t 1 && tty"),
    expected: "/dev/pts/0",
  },
  {
    covers: ["mount"],
    name: "a tmpfs",
    flags: ["--mount", "type=tmpfs,target=/run/m,tmpfs-size=1m"],
    command: sh("df -k /run/m | tail -1 | awk '{print $1, $2}'"),
    expected: "tmpfs 1024",
  },
  {
    covers: ["device"],
    name: "a node under another name, read alone",
    flags: ["--device", "/dev/zero:/dev/nought:r"],
    command: sh("ls -l /dev/nought | cut -c1; head -c 2 /dev/nought | od -An -tx1"),
    expected: "c\n 00 00",
  },
];

function namespaceHere(name: string): string {
  return why === undefined
    ? Bun.spawnSync(["readlink", `/proc/self/ns/${name}`])
        .stdout.toString()
        .trim()
    : "";
}

function capabilitiesHere(): string {
  return /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "";
}

suite("run, seen from inside", () => {
  for (const row of rows) {
    test(`${covers(...row.covers)}: ${row.name}`, async () => {
      const said = await inside(row.flags, ...row.command);
      if (typeof row.expected === "string") expect(said).toBe(row.expected.trim());
      else expect(said).toMatch(row.expected);
    });
  }

  test("--env with a name alone takes the value over from here", async () => {
    const { out } = await vial.call(
      ["run", "--rm", "-e", "FROM_HERE", "busybox", "sh", "-c", "echo $FROM_HERE"],
      {
        env: { FROM_HERE: "with blanks" },
      },
    );
    expect(out).toBe("with blanks\n");
  });

  test(`${covers("env-file")}: lines, comments, and --env over them`, async () => {
    const file = `${vial.folder}/env`;
    writeFileSync(file, "# comment\n\nONE=1\nTWO=2 # no comment\r\nTHREE=3\n");
    const said = await inside(
      ["--env-file", file, "-e", "THREE=flag"],
      "sh",
      "-c",
      'echo "$ONE|$TWO|$THREE"',
    );
    expect(said).toBe("1|2 # no comment|flag");
  });

  test("--interactive gives the program our standard input", async () => {
    const { out } = await vial.call(["run", "--rm", "-i", "busybox", "cat"], { input: "from outside" });
    expect(out).toBe("from outside");
    // Kept containers have conmon in between.
    const kept = await vial.call(["run", "-i", "busybox", "cat"], { input: "through conmon" });
    expect(kept.out).toBe("through conmon");
  });

  test(`${covers("volume")}: a folder of the host, read-only and writable`, async () => {
    const folder = `${vial.folder}/data`;
    mkdirSync(folder);
    writeFileSync(`${folder}/in`, "hello");
    const said = await inside(
      ["-v", `${folder}:/rw`, "-v", `${folder}:/ro:ro`],
      "sh",
      "-c",
      "cat /ro/in; echo out > /rw/out; touch /ro/x 2>/dev/null; echo $?",
    );
    expect(said).toBe("hello1");
    expect(readFileSync(`${folder}/out`, "utf8")).toBe("out\n");
  });

  test("a file of the host is bound, read-only too", async () => {
    const file = `${vial.folder}/bound-file`;
    writeFileSync(file, "hello ");
    const command = "cat /ro; touch /ro 2>/dev/null; echo $?; echo out > /rw";
    expect(await inside(["-v", `${file}:/ro:ro`, "-v", `${file}:/rw`], "sh", "-c", command)).toBe("hello 1");
    expect(readFileSync(file, "utf8")).toBe("out\n");
  });

  test("--mount binds what is there, and refuses what is not", async () => {
    const folder = `${vial.folder}/bound`;
    mkdirSync(folder);
    expect(
      await inside(
        ["--mount", `type=bind,src=${folder},dst=/b,readonly`],
        "sh",
        "-c",
        "touch /b/x 2>&1; echo $?",
      ),
    ).toBe("touch: /b/x: Read-only file system\n1");
    const { code, err } = await refusal(["--mount", `type=bind,src=${folder}/none,dst=/b`], "true");
    expect([code, err.includes("is not there")]).toEqual([125, true]);
  });

  test("--device refuses writing when only reading was given, and nodes that were not given", async () => {
    const script =
      "(: < /dev/own) && (: > /dev/own) 2>&1; mknod /tmp/mem c 1 1; head -c1 /tmp/mem 2>&1; true";
    const said = await inside(["--device", "/dev/loop-control:/dev/own:r"], "sh", "-c", script);
    expect(said).toBe(
      "sh: can't create /dev/own: Operation not permitted\nhead: /tmp/mem: Operation not permitted",
    );
    expect((await refusal(["--device", "/dev/not-there"], "true")).err).toContain(
      "it is no device of this host",
    );
  });

  test("--security-opt seccomp=FILE filters by that profile", async () => {
    const file = `${vial.folder}/seccomp.json`;
    writeFileSync(
      file,
      JSON.stringify({
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1 }],
      }),
    );
    const said = await inside(
      ["--security-opt", `seccomp=${file}`],
      "sh",
      "-c",
      "mkdir /x 2>&1 || true; echo rest",
    );
    expect(said).toBe("mkdir: can't create directory '/x': Operation not permitted\nrest");
  });

  test("--cap-add refuses a name that Linux does not have, with the nearest", async () => {
    const { code, err } = await refusal(["--cap-add", "net_admn"], "true");
    expect(code).toBe(125);
    expect(err).toContain('did you mean "NET_ADMIN"?');
  });

  test("--sysctl refuses what would change the host", async () => {
    expect((await refusal(["--sysctl", "kernel.panic=1"], "true")).err).toContain("would change the host");
    expect(
      await inside(
        ["--sysctl", "net.ipv4.ip_unprivileged_port_start=80"],
        "cat",
        "/proc/sys/net/ipv4/ip_unprivileged_port_start",
      ),
    ).toBe("80");
  });

  test("--network, --pid and --ipc container:ID join the namespaces of a running container", async () => {
    const id = await vial.ok("run", "-d", "--name", "joined", "busybox", "sleep", "100");
    const pid = await vial.inspect("joined", "{{.State.Pid}}");
    const here = Bun.spawnSync([
      "readlink",
      ...["net", "pid", "ipc"].map((name) => `/proc/${pid}/ns/${name}`),
    ]);
    const flags = [
      "--network",
      "container:joined",
      "--pid",
      `container:${id.slice(0, 12)}`,
      "--ipc",
      "container:joined",
    ];
    const said = await inside(
      flags,
      "sh",
      "-c",
      "cd /proc/self/ns && for n in net pid ipc; do readlink $n; done",
    );
    expect(said).toBe(here.stdout.toString().trim());
    await vial.ok("stop", "-t", "0", "joined");
    expect((await refusal(["--network", "container:joined"], "true")).err).toContain("it is not running");
  });

  test("--platform refuses an image of another machine, with both platforms in the words", async () => {
    const other = process.arch === "arm64" ? "linux/amd64" : "linux/arm64";
    const { code, err } = await refusal(["--pull", "never", "--platform", other], "true");
    expect(code).toBe(125);
    expect(err).toContain(other);
  });

  test("--pull never refuses an image that is not here", async () => {
    const { code, err } = await vial.run("run", "--pull", "never", "localhost/none:1", "true");
    expect(code).toBe(125);
    expect(err).toContain("localhost/none:1");
  });

  test(`${covers("rm")}: nothing is left, in the foreground and in the background`, async () => {
    const before = vial.containerIds().length;
    expect((await vial.run("run", "--rm", "busybox", "sh", "-c", "exit 3")).code).toBe(3);
    expect((await vial.run("run", "--rm", "-t", "busybox", "sh", "-c", "exit 4")).code).toBe(4);
    await vial.ok("run", "--rm", "-d", "busybox", "true");
    await vial.until("removed", () => vial.containerIds().length === before);
  });
});

suite("run, seen from the host", () => {
  async function detached(flags: readonly string[], ...command: readonly string[]): Promise<string> {
    return await vial.ok(
      "run",
      "-d",
      ...flags,
      "busybox",
      ...(command.length === 0 ? ["sleep", "100"] : command),
    );
  }

  const limits: readonly (readonly [
    flags: readonly string[],
    controller: string,
    file: string,
    expected: string,
  ])[] = [
    [["--memory", "64m"], "memory", "memory.limit_in_bytes", String(64 << 20)],
    [["-m", "64m", "--memory-reservation", "32m"], "memory", "memory.soft_limit_in_bytes", String(32 << 20)],
    [["--pids-limit", "33"], "pids", "pids.max", "33"],
    [["--cpus", "0.5"], "cpu", "cpu.cfs_quota_us", "50000"],
    [["--cpu-quota", "20000"], "cpu", "cpu.cfs_quota_us", "20000"],
    [["--cpu-quota", "20000", "--cpu-period", "50000"], "cpu", "cpu.cfs_period_us", "50000"],
    [["--cpu-shares", "512"], "cpu", "cpu.shares", "512"],
    [["--cpuset-cpus", "0"], "cpuset", "cpuset.cpus", "0"],
    [["--cpuset-mems", "0"], "cpuset", "cpuset.mems", "0"],
  ];
  const isV1 = existsSync("/sys/fs/cgroup/memory");
  for (const [flags, controller, file, expected] of limits) {
    const names = flags.filter((flag) => flag.startsWith("--")).map((flag) => flag.slice(2));
    test.skipIf(!isV1)(`${covers(...names)}: ${flags.join(" ")} is in ${file}`, async () => {
      const id = await detached(flags);
      expect(vial.cgroupFile(id, controller, file)).toBe(expected);
      await vial.ok("rm", "-f", id);
    });
  }
  if (!isV1) console.warn("skipped: the values of the limits, because their files are those of cgroup v1");

  test("--memory: a hog is killed, and inspect says so", async () => {
    const hog = ["sh", "-c", "tail -c 200m /dev/zero | wc -c; true"];
    const { code } = await vial.run(
      "run",
      "--name",
      "hog",
      "-m",
      "20m",
      "busybox",
      "tail",
      "-c",
      "200m",
      "/dev/zero",
    );
    expect(code).toBe(137);
    expect(await vial.inspect("hog", "{{.State.OOMKilled}} {{.State.ExitCode}}")).toBe("true 137");
    expect((await vial.run("run", "--rm", "-m", "20m", "busybox", ...hog)).code).toBe(0);
  });

  const hasSwapLimit = existsSync("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes");
  test(`${covers("memory-swap")}: memory and swap together, or refused without --memory`, async () => {
    expect((await refusal(["--memory-swap", "1g"], "true")).err).toContain("--memory");
    expect((await refusal(["--memory", "1g", "--memory-swap", "512m"], "true")).err).toContain(
      "less than --memory",
    );
    const id = await detached(["--memory", "64m", "--memory-swap", "96m"]);
    if (hasSwapLimit)
      expect(vial.cgroupFile(id, "memory", "memory.memsw.limit_in_bytes")).toBe(String(96 << 20));
    expect(await vial.inspect(id, "{{.HostConfig.MemorySwap}}")).toBe(String(96 << 20));
    await vial.ok("rm", "-f", id);
  });

  test("--pids-limit stops a fork loop", async () => {
    const { code, err } = await vial.run(
      "run",
      "--rm",
      "--pids-limit",
      "10",
      "busybox",
      "sh",
      "-c",
      "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done",
    );
    expect(code).not.toBe(0);
    expect(err).toContain("fork");
  });

  test(`${covers("cidfile")}: the id, and no overwriting`, async () => {
    const file = `${vial.folder}/cid`;
    const id = await vial.ok("create", "--cidfile", file, "busybox");
    expect(readFileSync(file, "utf8")).toBe(id);
    const before = vial.containerIds().length;
    const { code, err } = await vial.run("create", "--cidfile", file, "busybox");
    expect(code).toBe(125);
    expect(err).toContain(file);
    // Refused before anything was made.
    expect(vial.containerIds().length).toBe(before);
    await vial.ok("rm", id);
  });

  test(`${covers("name")}: two at once, one wins; an odd one is refused`, async () => {
    const both = await Promise.all([1, 2].map(() => vial.run("create", "--name", "only-one", "busybox")));
    expect(both.map(({ code }) => code).sort()).toEqual([0, 125]);
    expect(both.find(({ code }) => code === 125)?.err).toContain("only-one");
    expect((await vial.run("create", "--name", "a/../b", "busybox")).err).toContain("as a container name");
    await vial.ok("rm", "only-one");
  });

  test(`${covers("label", "label-file", "annotation", "expose")}: in inspect, and annotations in the bundle`, async () => {
    const file = `${vial.folder}/labels`;
    writeFileSync(file, "# comment\nfrom=file\nover=file\n");
    const flags = ["-l", "a=b=c", "--label", "bare", "--label-file", file, "-l", "over=flag"];
    const id = await detached([
      ...flags,
      "--annotation",
      "org.example/x=y",
      "--expose",
      "80",
      "--expose",
      "53/udp",
    ]);
    expect(JSON.parse(await vial.inspect(id, "{{json .Config.Labels}}"))).toEqual({
      a: "b=c",
      bare: "",
      from: "file",
      over: "flag",
    });
    expect(JSON.parse(await vial.inspect(id, "{{json .Config.ExposedPorts}}"))).toEqual({
      "80/tcp": {},
      "53/udp": {},
    });
    const bundle = JSON.parse(readFileSync(`${vial.root}/run/c/${id.slice(0, 16)}/config.json`, "utf8"));
    expect(bundle.annotations["org.example/x"]).toBe("y");
    await vial.ok("rm", "-f", id);
  });

  test(`${covers("stop-signal")}: the program gets it`, async () => {
    const id = await detached(
      ["--stop-signal", "USR1"],
      "sh",
      "-c",
      "trap 'exit 42' USR1; echo ready; while :; do sleep 0.05; done",
    );
    await vial.ok("stop", id);
    expect(await vial.inspect(id, "{{.State.ExitCode}} {{.Config.StopSignal}}")).toBe("42 USR1");
    expect((await refusal(["--stop-signal", "NONE"], "true")).err).toContain("it is no signal of Linux");
  });

  test(`${covers("stop-timeout")}: killed after it`, async () => {
    const id = await detached(
      ["--stop-timeout", "1"],
      "sh",
      "-c",
      "trap '' TERM; echo ready; while :; do sleep 0.05; done",
    );
    const started = performance.now();
    await vial.ok("stop", id);
    const took = performance.now() - started;
    expect(took).toBeGreaterThan(900);
    expect(took).toBeLessThan(5000);
    expect(await vial.inspect(id, "{{.State.ExitCode}}")).toBe("137");
  });

  test(`${covers("health-cmd", "health-interval", "health-retries", "health-start-interval", "health-start-period", "health-timeout")}: in inspect`, async () => {
    const id = await vial.ok(
      "create",
      ...[
        "--health-cmd",
        "true",
        "--health-interval",
        "5s",
        "--health-retries",
        "4",
        "--health-timeout",
        "2s",
      ],
      ...["--health-start-period", "1m", "--health-start-interval", "1s", "busybox"],
    );
    expect(JSON.parse(await vial.inspect(id, "{{json .Config.Healthcheck}}"))).toEqual({
      Test: ["CMD-SHELL", "true"],
      Interval: 5e9,
      Timeout: 2e9,
      StartPeriod: 60e9,
      StartInterval: 1e9,
      Retries: 4,
    });
    await vial.ok("rm", id);
  });

  test("--health-cmd decides between healthy and unhealthy", async () => {
    const flags = ["--health-cmd", "test -e /well", "--health-interval", "100ms", "--health-retries", "2"];
    const id = await detached(flags);
    const is = async (status: string) => (await vial.inspect(id, "{{.State.Health.Status}}")) === status;
    expect(await is("starting")).toBe(true);
    await vial.until("unhealthy", async () => await is("unhealthy"));
    await vial.ok("exec", id, "touch", "/well");
    await vial.until("healthy", async () => await is("healthy"));
    expect(await vial.ok("ps", "--filter", "health=healthy", "-q", "--no-trunc")).toBe(id);
    expect(await vial.ok("ps", "--filter", `id=${id}`, "--format", "{{.Status}}")).toMatch(
      /^Up .* \(healthy\)$/,
    );
    await vial.ok("rm", "-f", id);
  });

  test(`${covers("publish", "publish-all")}: a page through a port of the host`, async () => {
    const serve = sh("mkdir /www; echo words > /www/index.html; exec httpd -f -p 80 -h /www");
    const flags = ["-p", "127.0.0.1::80", "--expose", "81", "-P"];
    await vial.ok("run", "-d", "--name", "published", ...flags, "busybox", ...serve);
    try {
      const ports = await vial.ok("port", "published");
      const [, port] = /^80\/tcp -> 127\.0\.0\.1:(\d+)$/m.exec(ports) ?? [];
      expect(ports).toMatch(/^81\/tcp -> 127\.0\.0\.1:\d+$/m);
      const page = async () => await (await fetch(`http://127.0.0.1:${port}/`)).text();
      await vial.until("the page is there", async () => (await page().catch(() => "")) === "words\n");
    } finally {
      await vial.ok("rm", "-f", "published");
    }
  });

  test(`${covers("volume-driver", "volumes-from")}: volumes, and those of another container`, async () => {
    const driver = ["--volume-driver", "local"];
    await vial.ok("create", "--name", "keeper", ...driver, "-v", "flags-kept:/kept", "busybox", "true");
    try {
      expect(await inside(["--volumes-from", "keeper"], ...sh("echo x > /kept/x; ls /kept"))).toBe("x");
      expect(await inside(["--volumes-from", "keeper:ro"], ...sh("touch /kept/y 2>&1 || ls /kept"))).toMatch(
        /Read-only file system\nx$/,
      );
      expect((await refusal(["--volume-driver", "nfs", "-v", "flags-odd:/x"], "true")).err).toContain("nfs");
    } finally {
      await vial.ok("rm", "keeper");
      await vial.ok("volume", "rm", "flags-kept");
    }
  });

  test(`${covers("ip", "ip6", "mac-address", "network-alias", "link")}: a place in a network`, async () => {
    await vial.ok("network", "create", "--ipv6", "flags");
    const gateways = await vial.ok(
      "network",
      "inspect",
      "-f",
      "{{range .IPAM.Config}}{{.Gateway}} {{end}}",
      "flags",
    );
    const [ipv4 = "", ipv6 = ""] = gateways.split(" ").map((gateway) => gateway.replace(/1$/, "9"));
    const other = await vial.ok(
      "run",
      "-d",
      "--name",
      "beside",
      "--network",
      "flags",
      "busybox",
      "sleep",
      "1000",
    );
    try {
      const place = ["--network", "flags", "--ip", ipv4, "--ip6", ipv6, "--mac-address", "02:00:00:00:00:09"];
      const shown = await inside(
        [...place, "--network-alias", "here", "--link", "beside:there"],
        ...sh("ip addr show eth0; ping -c1 -W1 here; ping -c1 -W1 there; cat /etc/hosts"),
      );
      for (const text of [
        `inet ${ipv4}/`,
        `inet6 ${ipv6}/`,
        "ether 02:00:00:00:00:09",
        // The resolver takes the one or the other.
        "PING here (",
      ])
        expect(shown).toContain(text);
      expect(shown).toMatch(new RegExp(`\\tthere beside ${other.slice(0, 12)}$`, "m"));
      expect(shown.split("1 packets received")).toHaveLength(3);
    } finally {
      await vial.ok("rm", "-f", "beside");
      await vial.ok("network", "rm", "flags");
    }
  });

  test(`${covers("no-healthcheck")}: none, not even with one in the image`, async () => {
    const id = await vial.ok("create", "--no-healthcheck", "busybox");
    expect(await vial.inspect(id, "{{json .Config.Healthcheck}}")).not.toContain("CMD");
    expect((await refusal(["--no-healthcheck", "--health-cmd", "true"], "true")).err).toContain("together");
    await vial.ok("rm", id);
  });

  test(`${covers("log-driver")}: none keeps nothing, json-file passes`, async () => {
    const none = await vial.ok("run", "-d", "--log-driver", "none", "busybox", "echo", "x");
    await vial.ok("wait", none);
    expect(existsSync(`${vial.root}/containers/${none}/log`)).toBe(false);
    const kept = await vial.ok("run", "-d", "--log-driver", "json-file", "busybox", "echo", "x");
    await vial.ok("wait", kept);
    expect(readFileSync(`${vial.root}/containers/${kept}/log`, "utf8")).toMatch(/ stdout F x\n$/);
    expect((await refusal(["--log-driver", "syslog"], "true")).err).toContain("k8s-file");
    await vial.ok("rm", none, kept);
  });

  test(`${covers("log-opt")}: max-size bounds the log; more files than conmon keeps are refused`, async () => {
    const script = "i=0; while [ $i -lt 3000 ]; do echo line number $i of many; i=$((i+1)); done";
    const id = await vial.ok("run", "-d", "--log-opt", "max-size=10k", "busybox", "sh", "-c", script);
    await vial.ok("wait", id);
    const log = `${vial.root}/containers/${id}/log`;
    expect(statSync(log).size).toBeLessThan(12 * 1024);
    expect(readFileSync(log, "utf8")).toContain("line number 2999 of many");
    const conmonRotates = Bun.spawnSync(["conmon", "--help"]).stdout.toString().includes("--log-rotate");
    const several = await vial.run(
      "create",
      "--log-opt",
      "max-size=10k",
      "--log-opt",
      "max-file=3",
      "busybox",
    );
    expect(several.code).toBe(conmonRotates ? 0 : 125);
    if (!conmonRotates) expect(several.err).toContain("max-file");
    expect(
      (await vial.run("create", "--log-opt", "max-size=10k", "--log-opt", "max-file=1", "busybox")).code,
    ).toBe(0);
    await vial.ok("rm", id);
  });

  test(`${covers("runtime")}: runc does it too, with limits, a user, a terminal and exec`, async () => {
    const flags = ["--runtime", "runc", "-m", "64m", "--pids-limit", "50", "--user", "alice", "--init"];
    expect(await inside([...flags, "-t"], "id", "-un")).toBe("alice");
    expect(await inside(["--runtime", "runc"], "cat", "/proc/1/comm")).toBe("cat");
    const id = await detached(flags);
    expect(await vial.ok("exec", id, "id", "-u")).toBe("1000");
    await vial.ok("pause", id);
    await vial.ok("unpause", id);
    await vial.ok("stop", "-t", "1", id);
    await vial.ok("start", id);
    await vial.ok("rm", "-f", id);
    expect((await refusal(["--runtime", "rnc"], "true")).err).toContain('"runc"');
  });

  test(`${covers("restart")}: on-failure:2 tries twice more, then keeps still`, async () => {
    const id = await detached(["--restart", "on-failure:2"], "sh", "-c", "echo run; exit 7");
    await vial.until(
      "two restarts",
      async () => (await vial.inspect(id, "{{.RestartCount}} {{.State.Status}}")) === "2 exited",
    );
    await Bun.sleep(600);
    expect(await vial.inspect(id, "{{.RestartCount}} {{.State.ExitCode}}")).toBe("2 7");
    expect((await refusal(["--restart", "always"], "true")).err).toContain("--rm");
    await vial.ok("rm", id);
  });

  test("an empty value is none, as in Docker", async () => {
    const names = [
      "name",
      "user",
      "workdir",
      "hostname",
      "platform",
      "cidfile",
      "restart",
      "stop-signal",
      "pull",
    ];
    const others = [
      "ipc",
      "pid",
      "uts",
      "log-driver",
      "runtime",
      "cpuset-cpus",
      "userns",
      "cgroupns",
      "health-cmd",
    ];
    const flags = [...names, ...others].map((name) => `--${name}=`);
    expect(await inside(flags, "pwd")).toBe("/");
    expect((await refusal(["--memory="], "true")).err).toContain("as a size");
  });

  test("no bytes and no processors are no limit, as in Docker", async () => {
    const flags = ["-m", "0", "--memory-swap", "0", "--memory-reservation", "0", "--cpus", "0"];
    const id = await vial.ok("create", ...flags, "busybox");
    const wished = "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NanoCpus}}";
    expect(await vial.inspect(id, wished)).toBe("0 0 0");
    await vial.ok("rm", id);
  });

  test("--uts host and --hostname are refused together", async () => {
    expect((await refusal(["--uts", "host", "-h", "other"], "true")).err).toContain('"--uts host"');
  });
});

test("every flag of run has a test here", () => {
  if (why !== undefined) return;
  expect(containerFlags.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual([]);
});
