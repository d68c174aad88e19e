import { describe, expect, test } from "bun:test";
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { openSif } from "../file.ts";
import { fingerprintOf, type PgpKey, readPgpKeys } from "../pgp/key.ts";
import { testFile } from "../testing/files.ts";
import { DataDigests } from "./digest.ts";
import { objectsOfGroup, writeMetadata } from "./metadata.ts";
import { type Trust, verifySif, type VerifyWish } from "./verify.ts";

// Against what an independent reader found in real files (testdata/expected.json).

const [unit, ce] = await Promise.all(
  ["12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84", "F34371D0ACD5D09EB9BD853A80600A5FA11BBD29"].map(
    async (name) => (await readPgpKeys(readFileSync(testFile(`keys/${name}.asc`)), name))[0],
  ),
);

const pgp = (...keys: (PgpKey | undefined)[]): Trust => ({
  kind: "pgp",
  find: (fingerprint) => keys.find((key) => key !== undefined && fingerprintOf(key) === fingerprint),
  knows: (id) => keys.some((key) => key?.getKeyIDs().some((own) => own.toHex().toUpperCase() === id)),
});

const pem = (name: string): Trust => ({
  kind: "key",
  key: createPublicKey(readFileSync(testFile(`keys/${name}-public.pem`), "utf8")),
  name,
});

async function verify(name: string, trust: Trust, wish: Partial<VerifyWish> = {}) {
  using file = openSif(testFile(name));
  const now = new Date("2026-11-25T00:00:00Z");
  const result = await verifySif(file, {
    ...{ groups: [], objects: [], generation: "current", trust, now },
    ...wish,
  });
  return {
    signers: result.parts.flatMap(({ checks }) => checks.flatMap(({ signer }) => signer?.fingerprint ?? [])),
    proven: result.parts.map(({ checks }) => checks.map((check) => check.proven.map(({ id }) => id))),
    faults: result.faults.map(({ kind, why }) => `${kind}: ${why}`),
    unproven: result.unproven.map(({ id }) => id),
  };
}

const everyKey = pgp(unit, ce);
const good = (signers: string[], ...proven: number[][][]) => ({
  signers,
  proven,
  faults: [],
  unproven: [],
});
const unitPrint = "12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84";
const cePrint = "F34371D0ACD5D09EB9BD853A80600A5FA11BBD29";

describe("verifySif() of real files", () => {
  test.each([
    ["one-group-signed-pgp.sif", unitPrint],
    ["app-one-group-signed-pgp.sif", cePrint],
  ])("%s: signed by %s", async (name, signer) => {
    expect(await verify(name, everyKey)).toEqual(good([signer], [[1, 2]]));
  });

  test.each([
    ["rsa", "SHA256:BhCwr7qZulYcOMSl2Jt2DuYHxHNnN6th4NdMqR/PGa4"],
    ["ed25519", "SHA256:x6l8ZblpSSXGaPMCzySedWg88BwIFcz8jlPb6el0mFs"],
  ])("DSSE envelopes with several signers: the key %s is one of them", async (name, print) => {
    expect(await verify("one-group-signed-dsse.sif", pem(name))).toEqual(good([print], [[1, 2]]));
    expect(await verify("two-groups-signed-dsse.sif", pem(name))).toEqual(
      good([print, print], [[1, 2]], [[3]]),
    );
  });

  test("a key that has not signed is told so, and a key of the other kind too", async () => {
    expect((await verify("one-group-signed-dsse.sif", pem("ecdsa"))).faults).toEqual([
      "key-unknown: signature 3 was not made by the key of ecdsa",
    ]);
    expect((await verify("one-group-signed-dsse.sif", everyKey)).faults).toEqual([
      "key-unknown: signature 3 was made by a key that is not OpenPGP's",
    ]);
    expect((await verify("one-group-signed-pgp.sif", pem("rsa"))).faults).toEqual([
      "key-unknown: signature 3 was made by an OpenPGP key",
    ]);
    expect((await verify("one-group-signed-pgp.sif", pgp(ce))).faults).toEqual([
      `key-unknown: signature 3 says it was made by the key ${unitPrint}, which is unknown`,
    ]);
  });

  test.each(["one-group.sif", "two-groups.sif", "one-object-generic-json.sif"])(
    "%s: not signed",
    async (name) => {
      const { faults, proven } = await verify(name, everyKey);
      expect(faults[0]).toBe("unsigned: there is no signature of group 1");
      expect(proven.flat(2)).toEqual([]);
    },
  );

  test.each(["empty.sif", "empty-id.sif", "edge/capacity-1.sif"])("%s: nothing to verify", async (name) => {
    expect((await verify(name, everyKey)).faults).toEqual([
      "unsigned: it holds no object that could be signed",
    ]);
  });

  test.each([
    ["one-group-signed-legacy-all.sif", unitPrint],
    ["two-groups-signed-legacy-all.sif", unitPrint],
    ["app-one-group-signed-legacy-all.sif", cePrint],
  ])("%s: each object, and only when legacy signatures are asked for", async (name, signer) => {
    const legacy = { generation: "legacy", objects: [1, 2] } as const;
    expect(await verify(name, everyKey, legacy)).toMatchObject({
      signers: [signer, signer],
      proven: [[[1]], [[2]]],
      faults: [],
      unproven: name.startsWith("two") ? [3] : [],
    });
    expect((await verify(name, everyKey)).faults[0]).toContain(
      "unsigned: group 1 has legacy signatures alone",
    );
  });

  test.each(["one-group-signed-legacy-group.sif", "two-groups-signed-legacy-group.sif"])(
    "%s: the data of a group, joined",
    async (name) => {
      const legacy = { generation: "legacy", groups: [1] } as const;
      expect(await verify(name, everyKey, legacy)).toMatchObject({ proven: [[[1, 2]]], faults: [] });
      expect((await verify(name, everyKey)).faults[0]).toContain("group 1 has legacy signatures alone");
    },
  );

  test.each(["one-group-signed-legacy.sif", "two-groups-signed-legacy.sif"])(
    "%s: one object of the group, and not the other",
    async (name) => {
      const legacy = (id: number) => ({ generation: "legacy", objects: [id] }) as const;
      expect(await verify(name, everyKey, legacy(2))).toMatchObject({ proven: [[[2]]], faults: [] });
      expect((await verify(name, everyKey, legacy(1))).faults).toEqual([
        "unsigned: there is no legacy signature of object 1",
      ]);
    },
  );

  test("legacy mode looks at legacy signatures alone", async () => {
    const legacy = { generation: "legacy", groups: [1] } as const;
    expect((await verify("one-group-signed-pgp.sif", everyKey, legacy)).faults).toEqual([
      "unsigned: there is no legacy signature of group 1",
    ]);
  });

  test("one object of a signed group, one of two groups: the rest is told as unproven", async () => {
    expect(await verify("one-group-signed-pgp.sif", everyKey, { objects: [2] })).toMatchObject({
      proven: [[[2]]],
      faults: [],
      unproven: [1],
    });
    expect(await verify("two-groups-signed-dsse.sif", pem("rsa"), { groups: [2] })).toMatchObject({
      proven: [[[3]]],
      faults: [],
      unproven: [1, 2],
    });
    expect((await verify("one-group-signed-pgp.sif", everyKey, { groups: [7] })).faults).toEqual([
      "unsigned: there is no group 7 that could be signed",
    ]);
  });
});

describe("writeMetadata()", () => {
  test.each([
    ["SHA224", "sha224"],
    ["SHA256", "sha256"],
    ["SHA384", "sha384"],
    ["SHA512", "sha512"],
  ] as const)("gives the bytes that Apptainer signs, by %s", (name, hash) => {
    using file = openSif(testFile("one-group.sif"));
    const text = writeMetadata(file, objectsOfGroup(file, 1), new DataDigests(file), hash);
    expect(text).toBe(readFileSync(testFile(`integrity/image-metadata-${name}.json`), "utf8").trim());
  });

  test.each([1, 2])("of object %d alone, counted from the first of its group", (id) => {
    using file = openSif(testFile("one-group.sif"));
    const text = writeMetadata(file, [file.object(id)], new DataDigests(file));
    expect(text).toBe(readFileSync(testFile(`integrity/image-metadata-Object${id}.json`), "utf8").trim());
  });
});
