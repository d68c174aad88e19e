import type { Outcome, TestVial } from "./vial.ts";

// A host of its own for tests of the network: the network namespace "host" in which Vial runs, and beside it another one,
// "peer", on a wire to it. Nothing of this machine's own network is changed, and all goes with the processes that hold it.

export const hostAddress = "192.0.2.1";
export const hostAddress6 = "fd00:99::1";

export class PrivateHost {
  readonly #vial: TestVial;
  readonly #holders: readonly Bun.Subprocess[];

  private constructor(vial: TestVial, holders: readonly Bun.Subprocess[]) {
    this.#vial = vial;
    this.#holders = holders;
  }

  static async open(vial: TestVial): Promise<PrivateHost> {
    const [host, peer] = [hold(), hold()];
    await vial.until("both have a namespace", () => isApart(host.pid) && isApart(peer.pid));
    const wire = `
      set -e
      ip link set lo up
      ip link add wire type veth peer name wire netns ${peer.pid}
      ip address add ${hostAddress}/24 dev wire
      ip address add ${hostAddress6}/64 dev wire nodad
      ip link set wire up
      nsenter --target ${peer.pid} --net sh -ec '
        ip link set lo up
        ip address add 192.0.2.2/24 dev wire
        ip address add fd00:99::2/64 dev wire nodad
        ip link set wire up'`;
    const { code, err } = await vial.command([...enter(host.pid), "sh", "-c", wire]);
    if (code !== 0) throw new Error(err);
    return new PrivateHost(vial, [host, peer]);
  }

  /** Runs a command on the host, or on the peer. */
  async at(where: "host" | "peer", ...argv: readonly string[]): Promise<Outcome> {
    const holder = this.#holders[where === "host" ? 0 : 1];
    return await this.#vial.command([...enter(holder?.pid ?? 0), ...argv]);
  }

  async sh(where: "host" | "peer", script: string): Promise<Outcome> {
    return await this.at(where, "sh", "-c", script);
  }

  async run(...words: readonly string[]): Promise<Outcome> {
    return await this.at("host", this.#vial.program, ...words);
  }

  async ok(...words: readonly string[]): Promise<string> {
    const { code, out, err } = await this.run(...words);
    if (code !== 0) throw new Error(`vial ${words.join(" ")} ended with ${code}: ${err}${out}`);
    return out.trim();
  }

  /** What a web server answers, or curl's own code. */
  async get(where: "host" | "peer", authority: string): Promise<string> {
    const { code, out } = await this.at(where, "curl", "-sg", "--max-time", "3", `http://${authority}/`);
    return code === 0 ? out.trim() : `curl ${code}`;
  }

  close(): void {
    for (const holder of this.#holders) holder.kill("SIGKILL");
  }
}

function hold(): Bun.Subprocess {
  return Bun.spawn(["unshare", "--net", "--mount", "sleep", "1000"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function isApart(pid: number): boolean {
  const [own, other] = ["self", pid].map((name) =>
    Bun.spawnSync(["readlink", `/proc/${name}/ns/net`]).stdout.toString(),
  );
  return own !== other && other !== "";
}

function enter(pid: number): readonly string[] {
  return ["nsenter", "--target", String(pid), "--net", "--mount", "--"];
}
