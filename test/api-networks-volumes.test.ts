import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { findProgram } from "#host";
import { type ServedVial, serveVial } from "./served-vial.ts";
import { type Outcome, setupTimeout, whyNoContainers } from "./vial.ts";

// The docker command line with the networks and volumes of `vial serve`, and what `system df` says of all there is. No
// container runs, so that nothing comes to lie on the host's own network.

const why =
  whyNoContainers() ?? (findProgram("docker") === undefined ? "docker is not on this machine" : undefined);
if (why !== undefined)
  console.warn(`skipped: networks and volumes by the docker command line, because ${why}`);

let served: ServedVial;

beforeAll(async () => {
  if (why === undefined) served = await serveVial();
}, setupTimeout);
afterAll(async () => await served?.close(), setupTimeout);

async function docker(...words: readonly string[]): Promise<Outcome> {
  return await served.client(["docker", ...words], { cwd: served.vial.folder });
}

async function ok(...words: readonly string[]): Promise<string> {
  const { code, out, err } = await docker(...words);
  if (code !== 0) throw new Error(`docker ${words.join(" ")} ended with ${code}: ${err}${out}`);
  return out.trim();
}

async function refused(...words: readonly string[]): Promise<string> {
  const { code, err } = await docker(...words);
  if (code === 0) throw new Error(`docker ${words.join(" ")} succeeded`);
  return err
    .trim()
    .replace(/^Error response from daemon: /, "")
    .replace(/\nexit status 1$/, "");
}

async function request(method: string, path: string, body?: object) {
  const answer = await fetch(`http://vial${path}`, {
    method,
    unix: served.socket,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    json: text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>),
  };
}

describe.skipIf(why !== undefined)("by the docker command line", () => {
  test("networks are made, listed, shown and removed", async () => {
    const id = await ok(
      ...["network", "create", "--subnet", "10.217.5.0/24", "--gateway", "10.217.5.9", "--internal"],
      ...["--label", "a=b", "-o", "com.docker.network.bridge.enable_icc=true", "back"],
    );
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const shown = "{{.Id}} {{.Driver}} {{.Internal}} {{.Labels.a}} {{(index .IPAM.Config 0).Gateway}}";
    expect(await ok("network", "inspect", "--format", shown, "back")).toBe(`${id} bridge true b 10.217.5.9`);
    const names = await ok("network", "ls", "--format", "{{.Name}}");
    expect(names.split("\n").sort()).toEqual(["back", "bridge", "host", "none"]);
    expect(await ok("network", "ls", "-q", "--no-trunc", "--filter", "type=custom")).toBe(id);
    expect(await ok("network", "ls", "-q", "--filter", "label=a=c")).toBe("");
    expect(await refused("network", "create", "back")).toBe("network with name back already exists");
    expect(await refused("network", "rm", "nowhere")).toBe("network nowhere not found");
    expect(await refused("network", "rm", "bridge")).toBe(
      "bridge is a pre-defined network and cannot be removed",
    );
    expect(await refused("network", "create", "host")).toBe(
      "operation is not permitted on predefined host network",
    );
    expect(await ok("network", "rm", "back")).toBe("back");
  });

  test("containers are taken into networks and out", async () => {
    await ok("network", "create", "left");
    await ok("network", "create", "right");
    await ok("create", "--name", "guest", "--network", "left", "busybox", "true");
    await ok("network", "connect", "--alias", "also", "right", "guest");
    const joined = async () =>
      (
        await ok(
          "inspect",
          "--format",
          "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}",
          "guest",
        )
      ).trim();
    expect(await joined()).toBe("left right");
    expect(await refused("network", "connect", "right", "guest")).toContain(
      "already exists in network right",
    );
    expect(await ok("network", "prune", "-f")).toBe("");
    await ok("network", "disconnect", "left", "guest");
    expect(await joined()).toBe("right");
    expect(await refused("network", "disconnect", "left", "guest")).toContain(
      "is not connected to network left",
    );
    expect(await refused("network", "connect", "left", "nobody")).toBe("No such container: nobody");
    expect(await ok("network", "prune", "-f")).toBe("Deleted Networks:\nleft");
    await ok("rm", "guest");
    await ok("network", "rm", "right");
  });

  test("volumes are made, listed, shown and removed", async () => {
    expect(await ok("volume", "create", "--label", "a=b", "data")).toBe("data");
    expect(await ok("volume", "create", "data")).toBe("data");
    const place = await ok("volume", "inspect", "--format", "{{.Mountpoint}}", "data");
    expect(statSync(place).isDirectory()).toBe(true);
    const anonymous = await ok("volume", "create");
    expect(anonymous).toMatch(/^[0-9a-f]{64}$/);
    expect((await ok("volume", "ls", "-q")).split("\n").sort()).toEqual([anonymous, "data"].sort());
    expect(await ok("volume", "ls", "-q", "--filter", "label=a=b")).toBe("data");
    await ok("create", "--name", "user", "-v", "data:/data", "busybox", "true");
    expect(await ok("volume", "ls", "-q", "--filter", "dangling=true")).toBe(anonymous);
    expect(await refused("volume", "rm", "data")).toContain("remove data: volume is in use - [user]");
    expect(await refused("volume", "inspect", "nothing")).toContain("get nothing: no such volume");
    expect(await refused("volume", "create", "../up")).toContain(
      "includes invalid characters for a local volume name",
    );
    expect(await ok("volume", "prune", "-f")).toContain(`Deleted Volumes:\n${anonymous}`);
    await ok("rm", "user");
    expect(await ok("volume", "prune", "-af")).toContain("Deleted Volumes:\ndata");
    expect((await request("DELETE", "/volumes/nothing?force=1")).status).toBe(204);
    expect((await request("DELETE", "/volumes/nothing")).status).toBe(404);
  });

  test("what is asked for is done or refused", async () => {
    const said = async (path: string, body: object) => {
      const { status, json } = await request("POST", path, body);
      return [status, json?.message];
    };
    expect(await said("/networks/create", {})).toEqual([400, "network name is required"]);
    expect(await said("/networks/create", { Name: "x", Colour: "red" })).toEqual([
      400,
      "unknown field: Colour",
    ]);
    expect(await said("/networks/create", { Name: "x", Driver: "overlay" })).toEqual([
      501,
      expect.any(String),
    ]);
    expect(await said("/networks/create", { Name: "x", IPAM: { Config: [{ Subnet: 7 }] } })).toEqual([
      400,
      "invalid JSON: IPAM.Config[0].Subnet has to be a text",
    ]);
    expect(await said("/volumes/create", { Name: "xx", Driver: "nfs" })).toEqual([
      404,
      'error looking up volume plugin nfs: plugin "nfs" not found',
    ]);
    expect(await said("/volumes/create", { Name: "xx", ClusterVolumeSpec: {} })).toEqual([
      400,
      expect.any(String),
    ]);
    expect((await request("GET", "/networks?filters=%7B%22x%22%3A%5B%22y%22%5D%7D")).status).toBe(400);
  });

  test("system df counts what is on the disk", async () => {
    await ok("volume", "create", "full");
    const place = await ok("volume", "inspect", "--format", "{{.Mountpoint}}", "full");
    mkdirSync(`${place}/below`);
    writeFileSync(`${place}/below/file`, Buffer.alloc(300_000, 1));
    await ok("create", "--name", "idle", "-v", "full:/x", "busybox", "true");
    const { json } = await request("GET", "/v1.44/system/df");
    expect(json).toMatchObject({
      Images: [{ RepoTags: ["busybox:latest"], Containers: 1, SharedSize: 0 }],
      Containers: [{ Names: ["/idle"], SizeRw: expect.any(Number), SizeRootFs: expect.any(Number) }],
      Volumes: [{ Name: "full", UsageData: { RefCount: 1 } }],
      BuildCache: [],
    });
    const { Images, Volumes, LayersSize } = json as {
      Images: readonly [{ Size: number }];
      Volumes: readonly [{ UsageData: { Size: number } }];
      LayersSize: number;
    };
    // As du(1) counts it, without the folder itself: a volume with nothing in it takes nothing.
    const counted = await served.vial.command(["du", "-s", "--block-size=1", place]);
    expect(Volumes[0].UsageData.Size).toBe(Number(counted.out.split("\t")[0]) - statSync(place).blocks * 512);
    expect(LayersSize).toBe(Images[0].Size);
    const few = (await request("GET", "/v1.44/system/df?type=volume")).json;
    expect([few?.Images, few?.Containers, few?.BuildCache]).toEqual([null, null, null]);
    expect((await request("GET", "/v1.44/system/df?type=secrets")).status).toBe(400);
    expect(await ok("system", "df", "--format", "{{.Type}}={{.TotalCount}}")).toBe(
      "Images=1\nContainers=1\nLocal Volumes=1\nBuild Cache=0",
    );
    await ok("rm", "idle");
    await ok("volume", "rm", "full");
  });
});
