import { beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import type { PrivateKey } from "openpgp";
import { addObject } from "../add.ts";
import { createSif } from "../create.ts";
import { openSif } from "../file.ts";
import { nilId } from "../header.ts";
import type { NewObject } from "../new-object.ts";
import { fingerprintOf, generatePgpKey, type PgpKey } from "../pgp/key.ts";
import { openPgp } from "../pgp/library.ts";
import { removeObject } from "../remove.ts";
import { TestFolder } from "../testing/files.ts";
import { signEnvelope } from "./dsse.ts";
import { signSif } from "./sign.ts";
import { type Trust, verifySif, type VerifyWish } from "./verify.ts";

// Files that were signed, and then changed by somebody who has no key; signatures that say nothing, or lie.

const time = 1_700_000_000;
const table = 4096;
const slot = (index: number) => table + index * 585;

const generic = (group: number, text: string, name = ""): NewObject => ({
  type: "generic",
  content: { kind: "bytes", bytes: Buffer.from(text) },
  extra: { kind: "none" },
  group,
  link: { kind: "none" },
  name,
  time,
});

const root: NewObject = {
  ...generic(1, "hsqs, says the file"),
  type: "partition",
  extra: { kind: "partition", fileSystem: "squashfs", partition: "primary-system", architecture: "amd64" },
};

const make = (name: string) =>
  generatePgpKey({ name, email: "", comment: "", password: "", algorithm: { kind: "ed25519" } });
let ours: PrivateKey;
let other: PrivateKey;
let ec: { publicKey: KeyObject; privateKey: KeyObject };

beforeAll(async () => {
  [ours, other] = await Promise.all([make("Ours"), make("Other")]);
  ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
});

const trust = (...keys: PgpKey[]): Trust => ({
  kind: "pgp",
  find: (fingerprint) => keys.find((key) => fingerprintOf(key) === fingerprint),
  knows: (id) => keys.some((key) => key.getKeyID().toHex().toUpperCase() === id),
});

class Case extends TestFolder {
  readonly file = `${this.path}/x.sif`;

  /** Objects 1 and 2 in group 1, signed by our key as object 3. */
  static async signed(): Promise<Case> {
    const made = new Case();
    await createSif(made.file, {
      launch: "#!x\n",
      id: nilId,
      time,
      objects: [generic(1, "recipe", "recipe"), root],
    });
    await signSif(made.file, { groups: [], objects: [], key: { kind: "pgp", key: ours }, time });
    return made;
  }

  change(act: (bytes: Buffer) => void): void {
    const bytes = readFileSync(this.file);
    act(bytes);
    writeFileSync(this.file, bytes);
  }

  /** The signature's text in place of the one that is there. */
  async resign(text: string, fingerprint: string | undefined = fingerprintOf(ours)): Promise<void> {
    removeObject(this.file, 3, { zero: false, compact: true, time });
    addObject(
      this.file,
      {
        ...generic(0, text),
        type: "signature",
        extra: { kind: "signature", hash: "sha256", fingerprint },
        link: { kind: "group", group: 1 },
      },
      time,
    );
  }

  async faults(wish: Partial<VerifyWish> = {}): Promise<readonly string[]> {
    using file = openSif(this.file);
    const result = await verifySif(file, {
      ...{ groups: [], objects: [], generation: "current", trust: trust(ours, other), now: new Date() },
      ...wish,
    });
    return result.faults.map(({ kind, why }) => `${kind}: ${why}`);
  }
}

const clear = async (text: string, key: PrivateKey, settings: object = {}) => {
  const { createCleartextMessage, sign } = await openPgp();
  const message = await createCleartextMessage({ text });
  return await sign({ message, signingKeys: key, ...settings });
};

test("a file as it was signed has no faults", async () => {
  using made = await Case.signed();
  expect(await made.faults()).toEqual([]);
});

describe("verifySif() finds every change", () => {
  test.each<[string, (bytes: Buffer) => void, string]>([
    ["of data", (bytes) => bytes.write("R", 32176), "the data of object 1 were changed"],
    ["of the last byte of the root", (bytes) => bytes.write("!", 32768 + 18), "the data of object 2 were"],
    ["of a name", (bytes) => bytes.write("x", slot(0) + 73), "the descriptor of object 1 was changed"],
    ["of a type", (bytes) => bytes.writeInt32LE(0x4001, slot(0)), "the descriptor of object 1 was changed"],
    [
      "of the kind of partition",
      (bytes) => bytes.writeInt32LE(4, slot(1) + 205),
      "the descriptor of object 2",
    ],
    ["of the file system", (bytes) => bytes.writeInt32LE(2, slot(1) + 201), "the descriptor of object 2"],
    ["of a link", (bytes) => bytes.writeUInt32LE(2, slot(0) + 13), "the descriptor of object 1"],
    ["of a size", (bytes) => bytes.writeBigInt64LE(5n, slot(0) + 25), "the descriptor of object 1"],
    [
      "of a place",
      (bytes) => bytes.writeBigInt64LE(32177n, slot(0) + 17),
      "the data of object 1 were changed",
    ],
    ["of the launch script", (bytes) => bytes.write("#!y", 0), "the header of the file was changed"],
    ["behind the NUL of the launch script", (bytes) => bytes.write("x", 20), "the header of the file"],
    ["of the id of the file", (bytes) => bytes.write("x", 48), "the header of the file was changed"],
    [
      "of the group of an object",
      (bytes) => bytes.writeUInt32LE(0xf0000002, slot(0) + 9),
      "was signed and is not in the group",
    ],
  ])("%s", async (_what, change, why) => {
    using made = await Case.signed();
    made.change(change);
    const [fault] = (await made.faults()).filter((text) => text.startsWith("altered"));
    expect(fault).toContain(why);
  });

  test("an object that was added to a signed group, to none, to another", async () => {
    using made = await Case.signed();
    addObject(made.file, generic(1, "more"), time);
    expect(await made.faults()).toEqual(["altered: object 4 is not signed"]);
    removeObject(made.file, 4, { zero: false, compact: true, time });
    addObject(made.file, generic(0, "more"), time);
    expect(await made.faults()).toEqual([
      "unsigned: object 4 is in no group, so that no signature can cover it",
    ]);
    removeObject(made.file, 4, { zero: false, compact: true, time });
    addObject(made.file, generic(2, "more"), time);
    expect(await made.faults()).toEqual(["unsigned: there is no signature of group 2"]);
  });

  test("an object that was removed", async () => {
    using made = await Case.signed();
    removeObject(made.file, 2, { zero: false, compact: false, time });
    expect(await made.faults()).toEqual(["altered: object 2 was signed and is not in the group any more"]);
  });

  test("two objects that changed their ids", async () => {
    using made = await Case.signed();
    made.change((bytes) => {
      bytes.writeUInt32LE(2, slot(0) + 5);
      bytes.writeUInt32LE(1, slot(1) + 5);
    });
    expect((await made.faults())[0]).toContain("the descriptor of object 1 was changed");
  });

  test("a signature of another file, of another group", async () => {
    using made = await Case.signed();
    made.change((bytes) => bytes.writeUInt32LE(0xf0000002, slot(2) + 13));
    expect(await made.faults()).toEqual(["unsigned: there is no signature of group 1"]);
    await made.resign(
      await clear(
        `{"version":1,"header":{"digest":"sha256:${"0".repeat(64)}"},"objects":[{"relativeId":0,"descriptorDigest":"sha256:${"0".repeat(64)}","objectDigest":"sha256:${"0".repeat(64)}"},{"relativeId":1,"descriptorDigest":"sha256:${"0".repeat(64)}","objectDigest":"sha256:${"0".repeat(64)}"}]}`,
        ours,
      ),
    );
    expect(await made.faults()).toEqual(["altered: the header of the file was changed after it was signed"]);
  });

  test("an image packed anew with other ids is still as it was signed", async () => {
    using made = await Case.signed();
    made.change((bytes) => {
      bytes.writeUInt32LE(8, slot(0) + 5);
      bytes.writeUInt32LE(9, slot(1) + 5);
    });
    expect(await made.faults()).toEqual([]);
  });
});

describe("verifySif() counts no signature that says nothing, or lies", () => {
  const zero = `sha256:${"0".repeat(64)}`;
  const entry = { relativeId: 0, descriptorDigest: zero, objectDigest: zero };
  test.each<[string, string, string]>([
    [
      "nothing is covered",
      `{"version":1,"header":{"digest":"${zero}"},"objects":[]}`,
      "the signature covers nothing",
    ],
    ["an unknown version", '{"version":2,"header":{},"objects":[]}', "version"],
    ["no JSON", "hello", "what is signed is no JSON"],
    [
      "an object twice",
      JSON.stringify({ version: 1, header: { digest: zero }, objects: [entry, entry] }),
      "names an object twice",
    ],
    [
      "a weak digest",
      JSON.stringify({
        version: 1,
        header: { digest: zero },
        objects: [{ ...entry, objectDigest: `md5:${"0".repeat(32)}` }],
      }),
      "is no digest of a known kind",
    ],
    [
      "a short digest",
      JSON.stringify({ version: 1, header: { digest: "sha256:00" }, objects: [entry] }),
      "is no digest of a known kind",
    ],
  ])("%s", async (_what, text, why) => {
    using made = await Case.signed();
    await made.resign(await clear(text, ours));
    const pgpFaults = await made.faults();
    expect(pgpFaults).toHaveLength(1);
    expect(pgpFaults[0]).toStartWith("untrue: signature 3 counts for nothing");
    expect(pgpFaults[0]).toContain(why);
    await made.resign(signEnvelope(text, ec.privateKey, ec.publicKey), undefined);
    const faults = await made.faults({ trust: { kind: "key", key: ec.publicKey, name: "key.pem" } });
    expect(faults).toEqual([expect.stringContaining(why)]);
  });

  test("garbage, nothing, too much", async () => {
    using made = await Case.signed();
    await made.resign("garbage");
    expect(await made.faults()).toEqual([expect.stringContaining("neither a clear-signed text nor")]);
    await made.resign("");
    expect(await made.faults()).toEqual([expect.stringContaining("neither a clear-signed text nor")]);
    await made.resign("-----BEGIN PGP SIGNED MESSAGE-----\n");
    expect(await made.faults()).toEqual([expect.stringContaining("counts for nothing")]);
    await made.resign(`{"payloadType":"text/plain","payload":"","signatures":[{"sig":""}]}`);
    expect(await made.faults()).toEqual([expect.stringContaining('is of the type "text/plain"')]);
    await made.resign("x".repeat(5 * 1024 * 1024));
    expect(await made.faults()).toEqual([expect.stringContaining("it has 5242880 bytes")]);
  });

  test("a text that was changed", async () => {
    using made = await Case.signed();
    const text = (await clear('{"version":1}', ours)).replace('{"version":1}', '{"version":2}');
    await made.resign(text);
    expect(await made.faults()).toEqual([expect.stringContaining("Signed digest did not match")]);
  });

  test("a key other than the one that is named, known or not", async () => {
    using made = await Case.signed();
    const print = fingerprintOf(other);
    made.change((bytes) => bytes.write(print, slot(2) + 205, 20, "hex"));
    expect(await made.faults()).toEqual([expect.stringContaining("it was not made by the key")]);
    expect(await made.faults({ trust: trust(ours) })).toEqual([
      expect.stringContaining(`it names the key ${print}, and was made by another`),
    ]);
    expect(await made.faults({ trust: trust() })).toEqual([expect.stringContaining("which is unknown")]);
    made.change((bytes) => bytes.fill(0, slot(2) + 205, slot(2) + 225));
    expect(await made.faults()).toEqual([expect.stringContaining("does not name the key that made it")]);
  });

  test("one good signature beside one of an unknown key: the file is not good", async () => {
    using made = await Case.signed();
    await signSif(made.file, { groups: [], objects: [], key: { kind: "pgp", key: other }, time });
    expect(await made.faults()).toEqual([]);
    expect(await made.faults({ trust: trust(ours) })).toEqual([
      expect.stringContaining("key-unknown: signature 4"),
    ]);
  });

  test("a key that is expired today, though it was not then", async () => {
    const { generateKey } = await openPgp();
    const then = new Date(Date.now() - 3 * 86_400_000);
    const { privateKey } = await generateKey({
      format: "object",
      userIDs: [{ name: "Old" }],
      date: then,
      type: "ecc",
      curve: "ed25519Legacy",
      keyExpirationTime: 86_400,
    });
    using made = await Case.signed();
    await made.resign(
      await clear("{}", privateKey, { date: new Date(then.getTime() + 3_600_000) }),
      fingerprintOf(privateKey),
    );
    expect(await made.faults({ trust: trust(privateKey) })).toEqual([
      expect.stringMatching(/counts for nothing: .*expired/),
    ]);
  });

  test("a key that is revoked", async () => {
    const { revokeKey } = await openPgp();
    const { privateKey: revoked } = await revokeKey({
      key: other,
      format: "object",
      reasonForRevocation: { flag: 2, string: "lost" },
    });
    using made = await Case.signed();
    await made.resign(await clear("{}", other), fingerprintOf(other));
    expect(await made.faults({ trust: trust(revoked) })).toEqual([
      expect.stringMatching(/counts for nothing: .*revoked/),
    ]);
  });

  test("SHA-1, and RSA of 1024 bits", async () => {
    const { enums, generateKey } = await openPgp();
    const weak = { minRSABits: 1024 };
    const { privateKey } = await generateKey({
      format: "object",
      userIDs: [{ name: "Weak" }],
      type: "rsa",
      rsaBits: 1024,
      config: weak,
    });
    using made = await Case.signed();
    await made.resign(await clear("{}", privateKey, { config: weak }), fingerprintOf(privateKey));
    expect(await made.faults({ trust: trust(privateKey) })).toEqual([
      expect.stringMatching(/counts for nothing: .*RSA/),
    ]);
    const strong = await generatePgpKey({
      ...{ name: "Strong", email: "", comment: "", password: "" },
      algorithm: { kind: "rsa", bits: 2048 },
    });
    for (const user of strong.users)
      for (const certification of user.selfCertifications)
        certification.preferredHashAlgorithms = [enums.hash.sha1];
    const sha1 = { preferredHashAlgorithm: enums.hash.sha1, nonDeterministicSignaturesViaNotation: false };
    const text = await clear("{}", strong, { config: sha1 });
    expect(text).toContain("Hash: SHA1");
    await made.resign(text, fingerprintOf(strong));
    expect(await made.faults({ trust: trust(strong) })).toEqual([
      expect.stringMatching(/counts for nothing: .*sha1/i),
    ]);
  }, 60_000);
});

describe("signSif()", () => {
  test("signs a group, an object, or every group; a locked key leaves the file as it was", async () => {
    using made = new Case();
    await createSif(made.file, {
      launch: "",
      id: nilId,
      time,
      objects: [root, generic(2, "a"), generic(2, "b")],
    });
    const before = readFileSync(made.file);
    const locked = await generatePgpKey({
      ...{ name: "Locked", email: "", comment: "", password: "x", algorithm: { kind: "ed25519" } },
    });
    const wish = { groups: [], objects: [], time } as const;
    expect(signSif(made.file, { ...wish, key: { kind: "pgp", key: locked } })).rejects.toThrow("Cannot sign");
    expect(signSif(made.file, { ...wish, groups: [9], key: { kind: "pgp", key: ours } })).rejects.toThrow(
      "as asked",
    );
    expect(readFileSync(made.file)).toEqual(before);
    const key = { kind: "pgp", key: ours } as const;
    expect(await signSif(made.file, { ...wish, objects: [3], key })).toEqual([4]);
    expect(await made.faults({ objects: [3] })).toEqual([]);
    expect(await made.faults({ objects: [2] })).toEqual(["altered: object 2 is not signed"]);
    expect(await made.faults({ groups: [2] })).toEqual(["altered: object 2 is not signed"]);
    removeObject(made.file, 4, { zero: false, compact: true, time });
    expect(await signSif(made.file, { ...wish, key })).toEqual([4, 5]);
    expect(await made.faults()).toEqual([]);
  });

  test("makes DSSE envelopes by keys of other kinds", async () => {
    for (const pair of [
      ec,
      generateKeyPairSync("ed25519"),
      generateKeyPairSync("rsa", { modulusLength: 2048 }),
    ]) {
      using made = new Case();
      await createSif(made.file, { launch: "", id: nilId, time, objects: [root] });
      const key = { kind: "key", key: pair.privateKey, path: "key.pem" } as const;
      await signSif(made.file, { groups: [], objects: [], key, time });
      expect(await made.faults({ trust: { kind: "key", key: pair.publicKey, name: "key.pem" } })).toEqual([]);
    }
  });
});
