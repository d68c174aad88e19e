import { describe, expect, test } from "bun:test";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { TestStore } from "../testing/image-fixture.ts";

const file = (name: string) => new URL(`../../sif/testdata/${name}`, import.meta.url).pathname;

// The lines are those of siftool 2.8.3, which was run on these files.

describe("vial sif list", () => {
  test("prints siftool's table", async () => {
    using host = new TestStore();
    expect(await host.vial("sif", "list", file("two-groups-signed-dsse.sif"))).toEqual({
      code: 0,
      err: "",
      out: `\
------------------------------------------------------------------------------
ID   |GROUP   |LINK    |SIF POSITION (start-end)  |TYPE
------------------------------------------------------------------------------
1    |1       |NONE    |32768-32772               |FS (Raw/System/386)
2    |1       |NONE    |36864-40960               |FS (Squashfs/*System/386)
3    |2       |NONE    |40960-303104              |FS (Ext3/System/amd64)
4    |NONE    |1   (G) |303104-304799             |Signature (SHA-256)
5    |NONE    |2   (G) |304799-306226             |Signature (SHA-256)
`,
    });
    const { out } = await host.vial("sif", "list", file("one-object-oci-blob.sif"));
    expect(out).toEndWith("1    |1       |NONE    |32176-33023               |OCI.Blob\n");
  });

  test("--json", async () => {
    using host = new TestStore();
    const { out } = await host.vial("sif", "list", "--json", file("app-one-group-signed-pgp.sif"));
    const objects = JSON.parse(out) as object[];
    expect(objects).toHaveLength(3);
    expect(objects[2]).toEqual({
      id: 3,
      type: "signature",
      typeCode: 0x4005,
      group: null,
      link: { kind: "group", id: 1 },
      offset: 45056,
      size: 1399,
      sizeWithPadding: 4474,
      createdAt: "2022-04-28T18:26:53Z",
      modifiedAt: "2022-04-28T18:26:53Z",
      uid: 0,
      gid: 0,
      name: "",
      hash: "sha256",
      fingerprint: "F34371D0ACD5D09EB9BD853A80600A5FA11BBD29",
    });
  });

  test("shows control characters of a name, and steers no terminal", async () => {
    using host = new TestStore();
    const path = `${host.root}/x.sif`;
    const bytes = readFileSync(file("one-object-generic-json.sif"));
    bytes.write("\x1b[31m\n", 4096 + 73);
    writeFileSync(path, bytes);
    expect((await host.vial("sif", "info", "1", path)).out).toContain("  Name:       \\x1b[31m\\x0ason\n");
  });
});

test("vial sif header prints siftool's lines, and --json", async () => {
  using host = new TestStore();
  const path = file("app-one-group-signed-pgp.sif");
  expect((await host.vial("sif", "header", path)).out).toBe(`\
Launch Script:        #!/usr/bin/env run-singularity
Version:              01
Primary Architecture: 386
ID:                   73e1c5c3-5c41-41ed-ad7c-2504d669f140
Created At:           2020-06-30 00:01:56 +0000 UTC
Modified At:          2022-04-28 18:26:53 +0000 UTC
Descriptors Free:     45
Descriptors Total:    48
Descriptors Offset:   4096
Descriptors Size:     27 KiB
Data Offset:          32768
Data Size:            13 KiB
`);
  expect((await host.vial("sif", "header", file("empty.sif"))).out).toStartWith(
    "Version:            01\nDescriptors Free:   48\n",
  );
  const document = JSON.parse((await host.vial("sif", "header", "--json", path)).out) as object;
  expect(document).toMatchObject({ architecture: "386", createdAt: "2020-06-30T00:01:56Z", fileSize: 46455 });
});

describe("vial sif info", () => {
  test("prints siftool's lines, and --json", async () => {
    using host = new TestStore();
    const path = file("app-one-group-signed-pgp.sif");
    expect((await host.vial("sif", "info", "1", path)).out).toBe(`\
  Data Type:        FS
  ID:               1
  Group ID:         1
  Linked ID:        NONE
  Offset:           32768
  Size:             4
  Created At:       2020-06-30 00:01:56 +0000 UTC
  Modified At:      2020-06-30 00:01:56 +0000 UTC
  Name:             .
  Filesystem Type:  Raw
  Partition Type:   System
  Architecture:     386
`);
    expect((await host.vial("sif", "info", "3", path)).out).toContain("  Linked ID:    1 (G)\n");
    const { out } = await host.vial("sif", "info", "1", "--json", path);
    expect(JSON.parse(out)).toMatchObject({ uid: 501, fileSystem: "raw", architecture: "386" });
  });

  test("says what there is instead, and how to call it", async () => {
    using host = new TestStore();
    const path = file("one-group.sif");
    expect(await host.vial("sif", "info", "7", path)).toEqual({
      code: 1,
      out: "",
      err:
        `vial: Cannot find object 7 in "${path}" (it has the objects 1, 2) ` +
        `[next: see them with \`vial sif list ${path}\`]\n`,
    });
    expect(await host.vial("sif", "info", path, "1")).toMatchObject({
      code: 2,
      err: expect.stringContaining("write it like `vial sif info 1 image.sif`"),
    });
    expect((await host.vial("sif", "list", `${host.root}/none`)).err).toContain("there is no such file");
    expect((await host.vial("sif", "list", file("expected.json"))).err).toContain("it is not a SIF file");
  });
});

test("vial sif dump gives the bytes", async () => {
  using host = new TestStore();
  expect((await host.vial("sif", "dump", "1", file("one-object-generic-json.sif"))).out).toBe("{}");
  const path = file("one-group.sif");
  const { out } = host.vialWith("", "sif", "dump", "2", path);
  expect(out).toBe(readFileSync(path).subarray(36864).toString());
});

describe("vial sif new, add, setprim and del", () => {
  test("make a file, with every flag of siftool", async () => {
    using host = new TestStore();
    const path = `${host.root}/x.sif`;
    const data = `${host.root}/data.bin`;
    writeFileSync(data, "hello");
    const add = async (...words: string[]) => {
      const answer = await host.vial("sif", "add", ...words, path, data);
      expect(answer).toEqual({ code: 0, out: "", err: "" });
    };
    expect((await host.vial("sif", "new", path)).code).toBe(0);
    expect(readFileSync(path).equals(readFileSync(file("empty.sif")))).toBe(true);
    await add("--datatype", "1");
    await add("--datatype=6", "--groupid", "3", "--link", "1", "--filename", "config.json");
    await add("--datatype", "sbom", "--sbomformat", "spdx-json", "--alignment", "64");
    const part = ["--datatype", "4", "--partfs", "1", "--partarch", "2", "--groupid", "1"];
    await add(...part, "--parttype", "2");
    await add(...part, "--parttype", "1");
    const entity = "433fe984155206bd962725e20e8713472a879943";
    await add("--datatype", "5", "--signhash", "1", "--signentity", entity, "--link", "4026531841");
    await add("--datatype", "8", "--time", "2020-06-30T00:01:56Z");
    expect((await host.vial("sif", "list", path)).out.split("\n").slice(3)).toEqual([
      "1    |NONE    |NONE    |32176-32181               |Def.FILE",
      "2    |3       |1       |32181-32186               |JSON.Generic",
      "3    |NONE    |NONE    |32192-32197               |SBOM (spdx-json)",
      "4    |1       |NONE    |32768-32773               |FS (Squashfs/*System/amd64)",
      "5    |1       |NONE    |36864-36869               |FS (Squashfs/System/amd64)",
      "6    |NONE    |1   (G) |36869-36874               |Signature (SHA-256)",
      "7    |NONE    |NONE    |36874-36879               |Cryptographic Message (Unknown/Unknown)",
      "",
    ]);
    const info = async (id: string) => (await host.vial("sif", "info", id, path)).out;
    expect(await info("1")).toContain("Name:       data.bin\n");
    expect(await info("2")).toContain("Name:       config.json\n");
    expect(await info("6")).toContain(`Entity:     ${entity.toUpperCase()}\n`);
    expect(await info("7")).toContain("Created At:    2020-06-30 00:01:56 +0000 UTC\n");
    expect((await host.vial("sif", "setprim", "5", path)).code).toBe(0);
    expect((await host.vial("sif", "list", path)).out).toContain("FS (Squashfs/*System/amd64)\n6");
    expect((await host.vial("sif", "del", "--zero", "--compact", "7", path)).code).toBe(0);
    expect(readFileSync(path)).toHaveLength(36874);
    expect((await host.vial("sif", "del", "7", path)).code).toBe(1);
    expect((await host.vial("sif", "dump", "6", path)).out).toBe("hello");
  });

  test("add reads a pipe", async () => {
    using host = new TestStore();
    const path = `${host.root}/x.sif`;
    await host.vial("sif", "new", path);
    const big = "line\n".repeat(500000);
    expect(host.vialWith(big, "sif", "add", "--datatype", "generic", path, "-")).toMatchObject({
      code: 0,
      err: "",
    });
    expect((await host.vial("sif", "dump", "1", path)).out).toBe(big);
  });

  test("new takes an id, a launch line, a capacity, a time, and SOURCE_DATE_EPOCH", async () => {
    using host = new TestStore();
    const path = `${host.root}/x.sif`;
    const id = "3fa802cc-358b-45e3-bcc0-69dc7a45f9f8";
    await host.vial("sif", "new", "--id", id, path);
    expect(readFileSync(path).equals(readFileSync(file("empty-id.sif")))).toBe(true);
    const before = process.env.SOURCE_DATE_EPOCH;
    process.env.SOURCE_DATE_EPOCH = "1000";
    try {
      await host.vial("sif", "new", "--force", "--capacity", "2", "--launch", "#!/bin/x", path);
      const { out } = await host.vial("sif", "header", path);
      expect(out).toContain("Launch Script:      #!/bin/x\n");
      expect(out).toContain("Created At:         1970-01-01 00:16:40 +0000 UTC\n");
      expect(out).toContain("Descriptors Total:  2\n");
      expect(readFileSync(path, "latin1")).toStartWith("#!/bin/x\n\0");
      process.env.SOURCE_DATE_EPOCH = "yesterday";
      expect(await host.vial("sif", "new", "--force", path)).toMatchObject({
        code: 2,
        err: expect.stringContaining("SOURCE_DATE_EPOCH"),
      });
      expect((await host.vial("sif", "new", "--force", "--time", "7", path)).code).toBe(0);
    } finally {
      if (before === undefined) delete process.env.SOURCE_DATE_EPOCH;
      else process.env.SOURCE_DATE_EPOCH = before;
    }
  });

  const refused: readonly (readonly [string, readonly string[], string])[] = [
    ["no data type", [], 'an object needs "--datatype"'],
    ["a data type that is none", ["--datatype", "12"], "Cannot read the value"],
    ["an OCI blob", ["--datatype", "11"], "Cannot read the value"],
    ["a partition without its file system", ["--datatype", "4", "--parttype", "1"], 'needs "--partfs"'],
    ["a signature without a signer", ["--datatype", "5", "--signhash", "1"], 'needs "--signentity"'],
    ["a signer that is none", ["--datatype", "5", "--signhash", "1", "--signentity", "me"], "fingerprint"],
    [
      "flags of another type",
      ["--datatype", "1", "--partfs", "1"],
      'Cannot use "--partfs" with the data type "deffile"',
    ],
    ["a group that is no number", ["--datatype", "1", "--groupid", "x"], "--groupid"],
    ["a group that is too large", ["--datatype", "1", "--groupid", "4026531840"], "as the group"],
    ["a time without a zone", ["--datatype", "1", "--time", "2026-11-25"], "as the time"],
  ];
  for (const [name, words, text] of refused)
    test(`add refuses ${name}`, async () => {
      using host = new TestStore();
      const path = `${host.root}/x.sif`;
      cpSync(file("empty.sif"), path);
      const answer = await host.vial("sif", "add", ...words, path, file("expected.json"));
      expect(answer).toMatchObject({ code: 2, err: expect.stringContaining(text) });
      expect(readFileSync(path).equals(readFileSync(file("empty.sif")))).toBe(true);
    });

  test("add refuses a folder, and a file that is not there", async () => {
    using host = new TestStore();
    const path = `${host.root}/x.sif`;
    cpSync(file("empty.sif"), path);
    const add = async (source: string) =>
      (await host.vial("sif", "add", "--datatype", "1", path, source)).err;
    expect(await add(host.root)).toContain("it is a folder");
    expect(await add(`${host.root}/none`)).toContain("there is no such file");
    expect(readFileSync(path).equals(readFileSync(file("empty.sif")))).toBe(true);
  });

  test("leave what is not theirs", async () => {
    using host = new TestStore();
    const path = `${host.root}/x.sif`;
    expect((await host.vial("sif", "del", "1", path)).code).toBe(1);
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, "mine");
    for (const words of [["new"], ["del", "1"], ["setprim", "1"], ["add", "--datatype", "1"]]) {
      const tail = words[0] === "add" ? [file("expected.json")] : [];
      expect((await host.vial("sif", ...words, path, ...tail)).code).not.toBe(0);
      expect(readFileSync(path, "utf8")).toBe("mine");
    }
  });
});

test("the help of each verb ends with examples", async () => {
  using host = new TestStore();
  for (const verb of ["add", "del", "dump", "header", "info", "list", "new", "setprim"])
    expect((await host.vial("sif", verb, "--help")).out).toMatch(
      new RegExp(`\n\nExamples:\n(  .*vial sif ${verb} .*\n)+$`),
    );
  expect((await host.vial("sif", "--help")).out).toContain("  setprim ");
});
