import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { blobPath } from "#image";
import { addImage, TestStore } from "../testing/image-fixture.ts";

let host: TestStore;
let old: ReturnType<typeof addImage>;
let young: ReturnType<typeof addImage>;
let nameless: ReturnType<typeof addImage>;
const short = (image: typeof old) => image.id.slice(7, 19);
const ids = async (...words: string[]) =>
  (await host.vial("images", "-q", ...words)).out.trim().split("\n").filter(Boolean);

beforeAll(async () => {
  host = new TestStore();
  old = addImage(host.store, {
    name: "debian:11",
    created: "2021-08-14T00:00:00Z",
    labels: { team: "blue" },
  });
  nameless = addImage(host.store, { created: "2022-01-01T00:00:00Z" });
  young = addImage(host.store, {
    name: "localhost:5000/team/app:1.0",
    created: "2023-06-10T12:30:45.123Z",
    labels: { team: "red", "org.x/y": "z" },
  });
  await host.vial("tag", "localhost:5000/team/app:1.0", "app");
});
afterAll(() => host[Symbol.dispose]());

describe("vial images", () => {
  test("prints Docker's table, newest first, a line per name", async () => {
    const { out, code } = await host.vial("images");
    const lines = out.trimEnd().split("\n");
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^REPOSITORY {15,}TAG {7}IMAGE ID {7}CREATED {7}SIZE$/);
    expect(lines.slice(1).map((line) => line.split(/ {2,}/).slice(0, 4).join(" "))).toEqual([
      `localhost:5000/team/app 1.0 ${short(young)} 3 years ago`,
      `app latest ${short(young)} 3 years ago`,
      `<none> <none> ${short(nameless)} 4 years ago`,
      `debian 11 ${short(old)} 5 years ago`,
    ]);
  });

  test("image ls and image list are the same", async () => {
    expect((await host.vial("image", "ls")).out).toBe((await host.vial("images")).out);
    expect((await host.vial("image", "list")).out).toBe((await host.vial("images")).out);
  });

  test("--all is taken", async () => {
    expect((await host.vial("images", "--all")).out).toBe((await host.vial("images")).out);
  });

  test("--quiet prints IDs alone, once per name", async () => {
    expect(await ids()).toEqual([short(young), short(young), short(nameless), short(old)]);
  });

  test("--no-trunc prints IDs in full", async () => {
    expect(await ids("--no-trunc", "debian")).toEqual([old.id]);
  });

  test("--digests adds a column", async () => {
    const { out } = await host.vial("images", "--digests", "debian");
    expect(out.split("\n")[0]).toMatch(/^REPOSITORY +TAG +DIGEST +IMAGE ID +CREATED +SIZE$/);
    expect(out).toContain(old.manifest.digest);
  });

  test("a name or a pattern chooses repositories and tags", async () => {
    expect(await ids("debian")).toEqual([short(old)]);
    expect(await ids("debian:11")).toEqual([short(old)]);
    expect(await ids("debian:12")).toEqual([]);
    expect(await ids("localhost:5000/*/app")).toEqual([short(young)]);
    expect(await ids("*")).toEqual([short(young), short(old)]);
    expect(await ids("deb?an:1[01]")).toEqual([short(old)]);
  });

  test("--filter dangling", async () => {
    expect(await ids("--filter", "dangling=true")).toEqual([short(nameless)]);
    expect(await ids("-f", "dangling=false")).toEqual([short(young), short(young), short(old)]);
  });

  test("--filter label, with and without a value, all of several", async () => {
    expect(await ids("--filter", "label=team")).toEqual([short(young), short(young), short(old)]);
    expect(await ids("--filter", "label=team=blue")).toEqual([short(old)]);
    expect(await ids("--filter", "label=team", "--filter", "label=org.x/y=z")).toEqual([
      short(young),
      short(young),
    ]);
  });

  test("--filter before and since an image", async () => {
    expect(await ids("--filter", "before=app")).toEqual([short(nameless), short(old)]);
    expect(await ids("--filter", `since=${short(nameless)}`)).toEqual([short(young), short(young)]);
    const unknown = await host.vial("images", "--filter", "since=nothing");
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain("No such image: nothing");
  });

  test("--filter until a time", async () => {
    expect(await ids("--filter", "until=2022-06-01")).toEqual([short(nameless), short(old)]);
    expect(await ids("--filter", "until=1640000000")).toEqual([short(old)]);
    expect(await ids("--filter", "until=24h")).toHaveLength(4);
  });

  test("--filter reference leaves only the names that fit", async () => {
    expect(
      (await host.vial("images", "--filter", "reference=app", "--format", "{{.Repository}}:{{.Tag}}")).out,
    ).toBe("app:latest\n");
  });

  test("--filter says what it does not know", async () => {
    const wrong = await host.vial("images", "--filter", "dangle=true");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("the filters are before, dangling");
    expect((await host.vial("images", "--filter", "dangling")).err).toContain("a filter is NAME=VALUE");
    expect((await host.vial("images", "--filter", "dangling=maybe")).code).toBe(2);
    expect((await host.vial("images", "--filter", "until=soon")).code).toBe(2);
  });

  test("--format with a template, a table of one's own, and json", async () => {
    expect((await host.vial("images", "--format", "{{.Repository}}\\t{{.ID}}", "debian")).out).toBe(
      `debian\t${short(old)}\n`,
    );
    expect((await host.vial("images", "--format", "table {{.ID}}\t{{.Tag}}", "debian")).out).toBe(
      `IMAGE ID       TAG\n${short(old)}   11\n`,
    );
    const row = JSON.parse((await host.vial("images", "--format", "json", "debian")).out);
    expect(row).toEqual({
      Containers: "N/A",
      CreatedAt: "2021-08-14 00:00:00 +0000 UTC",
      CreatedSince: "5 years ago",
      Digest: old.manifest.digest,
      ID: short(old),
      Repository: "debian",
      SharedSize: "N/A",
      Size: expect.stringMatching(/^1\.\d+kB$/),
      Tag: "11",
      UniqueSize: "N/A",
      VirtualSize: expect.any(String),
    });
    expect((await host.vial("images", "--format", "{{json .Tag}}", "debian")).out).toBe('"11"\n');
  });

  test("--format names the field that was meant", async () => {
    const { code, err } = await host.vial("images", "--format", "{{.Repositry}}");
    expect(code).toBe(2);
    expect(err).toBe(
      'vial: Cannot use the format "{{.Repositry}}" ({{.Repositry}}: there is no field "Repositry") [next: did you mean "Repository"?]\n',
    );
  });

  test("an empty store gives the header alone", async () => {
    using empty = new TestStore();
    expect((await empty.vial("images")).out).toBe("REPOSITORY   TAG       IMAGE ID   CREATED   SIZE\n");
  });

  test("a damaged image is named and the others are shown", async () => {
    using damaged = new TestStore();
    const broken = addImage(damaged.store, { name: "broken", created: "2020-01-01T00:00:00Z" });
    addImage(damaged.store, { name: "whole", created: "2020-01-02T00:00:00Z" });
    rmSync(blobPath(damaged.store, broken.id));
    const { out, err, code } = await damaged.vial("images", "--format", "{{.Repository}}");
    expect(code).toBe(0);
    expect(out).toBe("whole\n");
    expect(err).toContain('"docker.io/library/broken:latest" is left out');
  });
});

describe("vial tag", () => {
  test("gives one more name, and refuses a digest as a name", async () => {
    expect((await host.vial("tag", short(old), "other:x")).code).toBe(0);
    expect(await ids("other")).toEqual([short(old)]);
    expect((await host.vial("rmi", "other:x")).code).toBe(0);
    const wrong = await host.vial("tag", "debian:11", `debian@${old.manifest.digest}`);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("a digest belongs to the content");
  });
});

describe("vial history", () => {
  const rows = async (...words: string[]) => (await host.vial("history", ...words)).out;

  test("prints the steps", async () => {
    expect(await rows("debian:11")).toMatch(
      /^IMAGE +CREATED +CREATED BY +SIZE +COMMENT\n[0-9a-f]{12} +5 years ago +COPY \. \/ +1\.02kB +\n$/,
    );
  });

  test("--quiet, --no-trunc, --format, --human=false, --platform", async () => {
    expect(await rows("-q", "debian:11")).toBe(`${short(old)}\n`);
    expect(await rows("-q", "--no-trunc", "debian:11")).toBe(`${old.id}\n`);
    expect(await rows("--format", "{{.CreatedBy}}", "debian:11")).toBe("COPY . /\n");
    expect(await rows("--human=false", "--format", "{{.CreatedSince}} {{.Size}}", "debian:11")).toBe(
      "2021-08-14T00:00:00Z 1024\n",
    );
    expect(await rows("--platform", "linux/amd64", "-q", "debian:11")).toBe(`${short(old)}\n`);
    expect((await host.vial("history", "--platform", "linux/s390x", "debian:11")).err).toContain(
      "linux/s390x",
    );
  });

  test("cuts a long step unless told not to", async () => {
    const long = `RUN ${"x".repeat(100)}`;
    addImage(host.store, { name: "long", created: "2020-01-01T00:00:00Z", steps: ["COPY . /", long] });
    expect((await rows("--format", "{{.CreatedBy}}", "long")).split("\n")[0]).toBe(`${long.slice(0, 44)}…`);
    expect((await rows("--no-trunc", "--format", "{{.CreatedBy}}", "long")).split("\n")[0]).toBe(long);
    await host.vial("rmi", "long");
  });
});

describe("vial image inspect", () => {
  const inspect = async (...words: string[]) => await host.vial("image", "inspect", ...words);

  test("prints Docker's document", async () => {
    const [document] = JSON.parse((await inspect("debian:11")).out);
    expect(document).toMatchObject({
      Id: old.id,
      RepoTags: ["debian:11"],
      RepoDigests: [`debian@${old.manifest.digest}`],
      Architecture: "amd64",
      Os: "linux",
      Config: { Env: ["PATH=/bin"], Cmd: ["sh"], Entrypoint: null, Labels: { team: "blue" } },
      RootFS: { Type: "layers", Layers: [expect.stringMatching(/^sha256:/)] },
    });
  });

  test("--format with what scripts ask", async () => {
    const print = async (template: string) => (await inspect("--format", template, "debian:11")).out;
    expect(await print("{{.Id}}")).toBe(`${old.id}\n`);
    expect(
      await print('{{index .Config.Labels "team"}}|{{index .Config.Labels "no"}}|{{.Config.Labels.no}}'),
    ).toBe("blue||<no value>\n");
    expect(await print("{{json .Config.Cmd}}")).toBe('["sh"]\n');
    expect(await print("{{if .Config.Healthcheck}}yes{{else}}no{{end}}")).toBe("no\n");
    expect(await print("{{range .Config.Env}}{{println .}}{{end}}")).toBe("PATH=/bin\n\n");
    expect(await print("{{len .RootFS.Layers}}")).toBe("1\n");
    expect(JSON.parse(await print("json"))).toHaveLength(1);
  });

  test("--platform", async () => {
    expect((await inspect("--platform", "linux/amd64", "debian:11")).code).toBe(0);
    expect((await inspect("--platform", "linux/arm64", "debian:11")).code).toBe(1);
  });

  test("prints what it finds and fails for what it does not", async () => {
    const { code, out, err } = await inspect("nothing", "debian:11");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toHaveLength(1);
    expect(err).toContain("No such image: nothing");
    expect((await inspect("nothing")).out).toBe("[]\n");
  });
});
