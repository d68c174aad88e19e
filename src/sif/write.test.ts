import { describe, expect, test } from "bun:test";
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { digestOf, VialError } from "#spec";
import { addObject, addition } from "./add.ts";
import { anonymous, createSif, type SifWish } from "./create.ts";
import { commit, draftOf, editSif } from "./edit.ts";
import type { NewExtra } from "./extra.ts";
import { openSif, type SifFile } from "./file.ts";
import { encodeHeader } from "./header.ts";
import { checkNewObject, idOfDigest, type NewObject } from "./new-object.ts";
import type { SifObject } from "./object.ts";
import { promotion, primaryPartition, setPrimary } from "./primary.ts";
import { removal, removeObject } from "./remove.ts";
import { TestFolder, testFile } from "./testing/files.ts";
import { noTime } from "./time.ts";

function bytesOf(file: SifFile, object: SifObject): Buffer {
  return Buffer.concat([...file.read(object)].map((part) => Buffer.from(part)));
}

/** The wish that would write an object as it is in a file. */
function wishOf(file: SifFile, object: SifObject): NewObject {
  const { link, linkIsGroup } = object;
  return {
    type: object.type as NewObject["type"],
    content: { kind: "bytes", bytes: bytesOf(file, object) },
    extra: object.extra as NewExtra,
    group: object.group,
    link:
      link === 0
        ? { kind: "none" }
        : linkIsGroup
          ? { kind: "group", group: link }
          : { kind: "object", id: link },
    name: object.name,
    time: object.createdAt,
  };
}

function generic(text: string, more: Partial<NewObject> = {}): NewObject {
  return {
    type: "generic",
    content: { kind: "bytes", bytes: Buffer.from(text) },
    extra: { kind: "none" },
    group: 1,
    link: { kind: "none" },
    name: "",
    time: noTime,
    ...more,
  };
}

function partition(text: string, type: "system" | "primary-system" = "system"): NewObject {
  const extra = { kind: "partition", fileSystem: "squashfs", partition: type, architecture: "386" } as const;
  return generic(text, { type: "partition", extra });
}

const nothing = { zero: false, compact: false, time: noTime };

async function failure(work: () => unknown): Promise<VialError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof VialError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("createSif() writes the bytes of Apptainer and SingularityCE for", () => {
  const same = [
    "edge/capacity-1.sif",
    "empty-id.sif",
    "empty-launch-script.sif",
    "empty.oci.sif",
    "empty.sif",
    "one-group.sif",
    "one-group-signed-dsse.sif",
    "one-group-signed-pgp.sif",
    "one-object-crypt-message.sif",
    "one-object-generic-json.sif",
    "one-object-oci-blob.sif",
    "one-object-oci-root-index.sif",
    "one-object-sbom.sif",
    "one-object-time.sif",
    "two-groups.sif",
    "two-groups-signed-dsse.sif",
  ];
  for (const name of same)
    test(name, async () => {
      using folder = new TestFolder();
      using file = openSif(testFile(name));
      const path = `${folder.path}/x.sif`;
      await createSif(path, {
        launch: file.header.launch,
        id: file.header.id,
        time: file.header.createdAt,
        capacity: file.header.descriptorsTotal,
        objects: file.objects.map((object) => wishOf(file, object)),
      });
      expect(readFileSync(path).equals(readFileSync(testFile(name)))).toBe(true);
      expect(readdirSync(folder.path)).toEqual(["x.sif"]);
      expect(statSync(path).mode & 0o700).toBe(0o700);
    });
});

describe("the changes write the bytes of Apptainer and SingularityCE for", () => {
  async function changed(name: string, objects: NewObject[], change: (path: string) => void) {
    using folder = new TestFolder();
    const path = `${folder.path}/x.sif`;
    await createSif(path, { ...anonymous, objects });
    change(path);
    expect(readFileSync(path).equals(readFileSync(testFile(name)))).toBe(true);
  }
  const twins = [generic("\xfa\xce"), generic("\xfe\xed")].map((object, index) => ({
    ...object,
    content: { kind: "bytes" as const, bytes: Buffer.from(index === 0 ? "face" : "feed", "hex") },
  }));

  test("edge/deleted-zeroed.sif", () =>
    changed("edge/deleted-zeroed.sif", twins, (path) => removeObject(path, 1, { ...nothing, zero: true })));
  test("edge/deleted-compact.sif", () =>
    changed("edge/deleted-compact.sif", twins, (path) =>
      removeObject(path, 1, { ...nothing, compact: true }),
    ));
  test("edge/delete-then-add-nocompact.sif", () =>
    changed("edge/delete-then-add-nocompact.sif", [generic("abc"), generic("def")], (path) => {
      removeObject(path, 2, nothing);
      using file = openSif(testFile("edge/delete-then-add-nocompact.sif"));
      expect(addObject(path, wishOf(file, file.object(2)), noTime)).toBe(2);
    }));
  test("edge/added-aligned.sif", () =>
    changed("edge/added-aligned.sif", [twins[0]!], (path) => {
      using file = openSif(testFile("edge/added-aligned.sif"));
      addObject(path, { ...wishOf(file, file.object(2)), alignment: 128 }, noTime);
    }));
});

describe("createSif()", () => {
  const wish: SifWish = { ...anonymous, objects: [generic("one"), partition("two", "primary-system")] };

  test("leaves a file that is there, unless told to replace it", async () => {
    using folder = new TestFolder();
    const path = `${folder.path}/x.sif`;
    writeFileSync(path, "mine");
    expect((await failure(() => createSif(path, wish))).code).toBe("sif-in-the-way");
    expect(readFileSync(path, "utf8")).toBe("mine");
    await createSif(path, { ...wish, force: true });
    using file = openSif(path);
    expect(file.objects.map(({ offset, size }) => [offset, size])).toEqual([
      [32176, 3],
      [32768, 3],
    ]);
    expect(file.header).toMatchObject({ architecture: "386", descriptorsFree: 46, dataSize: 595 });
  });

  test("refuses what does not fit before it writes", async () => {
    using folder = new TestFolder();
    const path = `${folder.path}/x.sif`;
    const unfit: readonly (readonly [string, Partial<SifWish>])[] = [
      ["sif-value-unfit", { launch: `#!${"x".repeat(30)}` }],
      ["sif-value-unfit", { id: "7" }],
      ["sif-value-unfit", { capacity: 0 }],
      ["sif-value-unfit", { capacity: 100000 }],
      ["sif-value-unfit", { objects: [generic("", { name: "é".repeat(65) })] }],
      ["sif-value-unfit", { objects: [generic("", { alignment: 0 })] }],
      ["sif-value-unfit", { objects: [generic("", { group: -1 })] }],
      ["sif-full", { capacity: 1 }],
      [
        "sif-primary-taken",
        { objects: [partition("a", "primary-system"), partition("b", "primary-system")] },
      ],
    ];
    for (const [code, part] of unfit)
      expect((await failure(() => createSif(path, { ...wish, ...part }))).code).toBe(code);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("leaves nothing of a file that a program did not finish", async () => {
    using folder = new TestFolder();
    const packed = {
      ...partition("", "primary-system"),
      pack: async (path: string) => {
        writeFileSync(path, "a part");
        throw new Error("out of breath");
      },
    };
    expect(createSif(`${folder.path}/x.sif`, { ...wish, objects: [], packed })).rejects.toThrow(
      "out of breath",
    );
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("says that the folder cannot be written", async () => {
    const { code, kind } = await failure(() => createSif("/proc/x.sif", wish));
    expect([code, kind]).toEqual(["sif-unwritable", "permission-denied"]);
  });
});

describe("addObject()", () => {
  test("takes the first free slot and the end of the last object", async () => {
    using folder = new TestFolder();
    const path = `${folder.path}/x.sif`;
    await createSif(path, { ...anonymous, objects: [generic("one"), generic("two"), generic("three")] });
    removeObject(path, 2, nothing);
    expect(addObject(path, generic("four", { name: "4" }), 1000)).toBe(2);
    using file = openSif(path);
    expect(file.objects.map(({ id, offset, name }) => [id, offset, name])).toEqual([
      [1, 32176, ""],
      [2, 32187, "4"],
      [3, 32182, ""],
    ]);
    expect(file.header).toMatchObject({ descriptorsFree: 45, modifiedAt: 1000, createdAt: noTime });
  });

  test("refuses a second primary partition, and a full table", async () => {
    using folder = new TestFolder();
    const path = `${folder.path}/x.sif`;
    await createSif(path, { ...anonymous, capacity: 2, objects: [partition("one", "primary-system")] });
    const before = readFileSync(path);
    expect((await failure(() => addObject(path, partition("x", "primary-system"), noTime))).code).toBe(
      "sif-primary-taken",
    );
    expect(readFileSync(path).equals(before)).toBe(true);
    addObject(path, generic("two"), noTime);
    expect((await failure(() => addObject(path, generic("three"), noTime))).code).toBe("sif-full");
  });

  test("copies a file into itself up to the length that it had", async () => {
    using folder = new TestFolder();
    const path = `${folder.path}/x.sif`;
    await createSif(path, { ...anonymous, objects: [generic("one")] });
    using own = openSif(path);
    addObject(path, generic("", { content: { kind: "descriptor", fd: own.fd } }), noTime);
    using file = openSif(path);
    expect(file.object(2).size).toBe(own.size);
  });
});

describe("removeObject()", () => {
  test("of the primary partition takes the architecture from the header", async () => {
    using folder = new TestFolder();
    const path = `${folder.path}/x.sif`;
    await createSif(path, { ...anonymous, objects: [partition("one", "primary-system"), generic("two")] });
    removeObject(path, 1, nothing);
    using file = openSif(path);
    expect(file.header.architecture).toBe("unknown");
    expect(await failure(() => primaryPartition(file))).toMatchObject({ code: "sif-primary-doubtful" });
    const { code, why } = await failure(() => removeObject(path, 1, nothing));
    expect([code, why]).toEqual(["sif-object-unknown", "it has the objects 2"]);
  });
});

describe("setPrimary()", () => {
  test("demotes the one before, and leaves a file alone that has it so", async () => {
    using folder = new TestFolder();
    const path = `${folder.path}/x.sif`;
    cpSync(testFile("one-group.sif"), path);
    setPrimary(path, 1, noTime);
    using file = openSif(path);
    expect(file.objects.map(({ extra }) => extra)).toMatchObject([
      { partition: "primary-system", fileSystem: "raw" },
      { partition: "system", fileSystem: "squashfs" },
    ]);
    expect(primaryPartition(file).id).toBe(1);
    const before = statSync(path, { bigint: true }).mtimeNs;
    setPrimary(path, 1, 1000);
    expect(statSync(path, { bigint: true }).mtimeNs).toBe(before);
  });

  test("refuses what is no system partition", async () => {
    using folder = new TestFolder();
    const path = `${folder.path}/x.sif`;
    cpSync(testFile("one-object-sbom.sif"), path);
    expect((await failure(() => setPrimary(path, 1, noTime))).code).toBe("sif-primary-unfit");
  });
});

/** What a file says and holds, without the place of its table and its length. */
function story(path: string): string {
  using file = openSif(path);
  const { descriptorsOffset: _, ...header } = file.header;
  return JSON.stringify([
    header,
    file.objects.map((object) => [object.raw, digestOf(bytesOf(file, object))]),
  ]);
}

describe("a kill at any write of a change leaves the old file or the new one", () => {
  const changes = {
    add: addition(generic("x".repeat(70000)), 1000, () => {}),
    "remove, zero and compact": removal(2, { zero: true, compact: true, time: 1000 }),
    "remove the last, compact": removal(3, { zero: false, compact: true, time: 1000 }),
    setprim: promotion(1, 1000),
  };
  for (const [name, change] of Object.entries(changes))
    test(name, async () => {
      using folder = new TestFolder();
      const start = `${folder.path}/start.sif`;
      const objects = [partition("one"), partition("two", "primary-system"), generic("three")];
      await createSif(start, { ...anonymous, objects });
      const old = story(start);
      const whole = `${folder.path}/whole.sif`;
      cpSync(start, whole);
      editSif(whole, change);
      const fresh = story(whole);
      expect(fresh).not.toBe(old);
      let reached = 0;
      for (let kill = 0; ; kill++) {
        const path = `${folder.path}/killed-${kill}.sif`;
        cpSync(start, path);
        {
          using file = openSif(path, "write");
          const draft = draftOf(file);
          change(file, draft);
          const steps = commit(file, draft);
          let after: string | undefined = "old";
          for (let step = 0; step < kill && after !== undefined; step++)
            after = steps.next().value ?? undefined;
          if (after === undefined) break;
          expect(story(path)).toBe(after === "old" ? old : fresh);
          reached = kill;
        }
        // The next change repairs, and gives what it would have given without the kill.
        const isNew = story(path) === fresh;
        addObject(path, generic("next"), 2000);
        const twin = `${folder.path}/twin-${kill}.sif`;
        cpSync(isNew ? whole : start, twin);
        addObject(twin, generic("next"), 2000);
        expect(story(path)).toBe(story(twin));
        using file = openSif(path);
        expect(file.header.descriptorsOffset).toBe(4096);
      }
      expect(reached).toBe(5);
    });

  test("also a real kill -9, at any moment", async () => {
    using folder = new TestFolder();
    const path = `${folder.path}/x.sif`;
    await createSif(path, { ...anonymous, objects: [generic("one")] });
    const program = `
      const { addObject } = await import(${JSON.stringify(new URL("./add.ts", import.meta.url).pathname)});
      const { removeObject } = await import(${JSON.stringify(new URL("./remove.ts", import.meta.url).pathname)});
      const object = { type: "generic", content: { kind: "bytes", bytes: Buffer.alloc(300000, 120) }, extra: { kind: "none" },
        group: 1, link: { kind: "none" }, name: "", time: 0 };
      console.log("ready");
      for (;;) removeObject(process.argv[1], addObject(process.argv[1], object, 0), { zero: true, compact: true, time: 0 });`;
    for (let round = 0; round < 8; round++) {
      const child = Bun.spawn([process.execPath, "-e", program, path], { stdout: "pipe", stderr: "inherit" });
      for await (const _ of child.stdout) break;
      await Bun.sleep(round * 3);
      child.kill("SIGKILL");
      await child.exited;
      using file = openSif(path);
      const [first, second] = file.objects.map((object) => bytesOf(file, object));
      expect(first!.toString()).toBe("one");
      if (second !== undefined) expect(second.equals(Buffer.alloc(300000, 120))).toBe(true);
      if (second !== undefined) removeObject(path, 2, { zero: false, compact: true, time: noTime });
    }
  });
});

test("a table among or behind the data is not written over", async () => {
  using folder = new TestFolder();
  const path = `${folder.path}/x.sif`;
  // Header, object, table, nothing else: no writer that we know does so, and the format allows it.
  using real = openSif(testFile("edge/added-aligned.sif"));
  const { header, table } = real;
  const slot = Buffer.from(table.subarray(0, 585));
  slot.writeBigInt64LE(128n, 17);
  const odd = {
    ...header,
    dataOffset: 128,
    descriptorsOffset: 130,
    descriptorsTotal: 2,
    descriptorsSize: 1170,
  };
  const head = encodeHeader({ ...odd, descriptorsFree: 1 });
  writeFileSync(path, Buffer.concat([head, Buffer.from("ab"), slot, Buffer.alloc(585)]));
  addObject(path, generic("two"), noTime);
  {
    using file = openSif(path);
    expect(file.objects.map((object) => bytesOf(file, object).toString())).toEqual(["ab", "two"]);
    expect(file.header.descriptorsOffset).toBe(130);
  }
  removeObject(path, 2, { ...nothing, compact: true });
  using file = openSif(path);
  expect([file.size, bytesOf(file, file.object(1)).toString()]).toEqual([1300, "ab"]);
});

test("120 changes in any order leave what a model of the file says", async () => {
  using folder = new TestFolder();
  // Files of Singularity 3.0 begin their data at 32768.
  for (const start of ["app-one-group-signed-pgp.sif", "two-groups.sif"]) {
    const path = `${folder.path}/${start}`;
    cpSync(testFile(start), path);
    const model = new Map<number, Buffer>();
    {
      using file = openSif(path);
      for (const object of file.objects) model.set(object.id, bytesOf(file, object));
    }
    let seed = 7;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let round = 0; round < 60; round++) {
      const ids = [...model.keys()];
      const id = ids[random(ids.length)];
      if (id === undefined || random(2) === 0) {
        const bytes = Buffer.alloc(random(9000), 97 + random(26));
        const object = generic("", { content: { kind: "bytes", bytes }, alignment: 1 + random(5000) });
        model.set(addObject(path, object, noTime), bytes);
      } else {
        removeObject(path, id, { zero: random(2) === 0, compact: random(2) === 0, time: round });
        model.delete(id);
      }
      using file = openSif(path);
      expect(new Map(file.objects.map((object) => [object.id, bytesOf(file, object)]))).toEqual(model);
      expect(file.header.descriptorsFree).toBe(48 - model.size);
    }
  }
}, 60000);

test("editSif() makes no file where there is none", async () => {
  using folder = new TestFolder();
  const path = `${folder.path}/x.sif`;
  expect((await failure(() => removeObject(path, 1, nothing))).code).toBe("sif-unreadable");
  expect(existsSync(path)).toBe(false);
});

test("idOfDigest() is a UUID of version 8 that follows from the content", () => {
  const id = idOfDigest(digestOf("x"));
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(idOfDigest(digestOf("x"))).toBe(id);
});

test("checkNewObject() takes a name that fills its field", () => {
  expect(() => checkNewObject(generic("", { name: "n".repeat(128) }))).not.toThrow();
});
