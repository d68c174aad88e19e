import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { TestStore } from "../testing/image-fixture.ts";

const file = (name: string) => new URL(`../../sif/testdata/${name}`, import.meta.url).pathname;
const unit = "12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84";

async function withUnitKey(): Promise<TestStore> {
  const host = new TestStore();
  await host.vial("key", "import", file(`keys/${unit}.asc`));
  return host;
}

describe("vial verify", () => {
  test("prints who signed what", async () => {
    using host = await withUnitKey();
    expect(await host.vial("verify", file("one-group-signed-pgp.sif"))).toEqual({
      code: 0,
      err: "",
      out: `\
Signing entity: Unit Test <unit@test.com>
Fingerprint: ${unit}
Objects verified:
ID  |GROUP   |LINK    |TYPE
------------------------------------------------
1   |1       |NONE    |FS
2   |1       |NONE    |FS
`,
    });
  });

  test("--json prints Apptainer's document", async () => {
    using host = await withUnitKey();
    const { out } = await host.vial("verify", "-j", file("one-group-signed-pgp.sif"));
    const signer = {
      Partition: "FS",
      Name: "Unit Test <unit@test.com>",
      Fingerprint: unit.toLowerCase(),
      KeyLocal: true,
      KeyCheck: true,
      DataCheck: true,
    };
    expect(JSON.parse(out)).toEqual({
      Signatures: 1,
      SignerKeys: [{ Signer: { ID: 1, ...signer } }, { Signer: { ID: 2, ...signer } }],
      Unverified: [],
      Errors: [],
    });
  });

  test("tells what is not verified, why, and what may help; the code is 1", async () => {
    using host = await withUnitKey();
    const unsigned = await host.vial("verify", file("one-group.sif"));
    expect(unsigned.code).toBe(1);
    expect(unsigned.out).toStartWith("Objects not verified:\n");
    expect(unsigned.err).toContain("there is no signature of group 1");
    expect(unsigned.err).toContain("if the file is yours, sign it");
    const unknown = await host.vial("verify", file("app-one-group-signed-pgp.sif"));
    expect(unknown.err).toContain("vial key import FILE");
    const changed = `${host.root}/x.sif`;
    const bytes = readFileSync(file("one-group-signed-pgp.sif"));
    bytes.write("X", 32768);
    writeFileSync(changed, bytes);
    const altered = await host.vial("verify", "--json", changed);
    expect(altered).toMatchObject({ code: 1, err: expect.stringContaining("do not run it") });
    expect(JSON.parse(altered.out)).toMatchObject({
      SignerKeys: [{ Signer: { ID: 1, DataCheck: false } }],
      Unverified: [{ ID: 1 }, { ID: 2 }],
      Errors: ["the data of object 1 were changed after they were signed"],
    });
  });

  test("legacy signatures count when they are asked for: of the root, or of all", async () => {
    using host = await withUnitKey();
    const path = file("one-group-signed-legacy-all.sif");
    expect((await host.vial("verify", path)).err).toContain("verify by --legacy-insecure");
    const root = await host.vial("verify", "--legacy-insecure", path);
    expect(root.code).toBe(0);
    expect(root.out).toContain("Objects not verified:\n");
    const all = await host.vial("verify", "--legacy-insecure", "--all", path);
    expect(all.code).toBe(0);
    expect(all.out).not.toContain("Objects not verified");
    expect(
      (await host.vial("verify", "--legacy-insecure", "--all", file("two-groups-signed-legacy-all.sif"))).err,
    ).toContain("there is no legacy signature of object 3");
  });

  test("--key believes a PEM key alone", async () => {
    using host = await withUnitKey();
    for (const name of ["rsa", "ed25519"])
      for (const path of ["one-group-signed-dsse.sif", "two-groups-signed-dsse.sif"])
        expect((await host.vial("verify", "--key", file(`keys/${name}-public.pem`), file(path))).code).toBe(
          0,
        );
    expect(
      (await host.vial("verify", "--key", file("keys/ecdsa-public.pem"), file("one-group-signed-dsse.sif")))
        .code,
    ).toBe(1);
    expect(
      (await host.vial("verify", "--key", file("keys/rsa-public.pem"), file("one-group-signed-pgp.sif")))
        .code,
    ).toBe(1);
    expect((await host.vial("verify", "--key", file("README.md"), file("one-group.sif"))).err).toContain(
      "Cannot read a public key",
    );
  });

  test("--group-id and --sif-id verify a part, and say what the rest is", async () => {
    using host = await withUnitKey();
    const path = file("two-groups-signed-dsse.sif");
    const part = await host.vial("verify", "--key", file("keys/rsa-public.pem"), "-g", "2", path);
    expect(part.code).toBe(0);
    expect(part.out).toContain("Objects not verified:");
    expect((await host.vial("verify", "-g", "9", path)).err).toContain("there is no group 9");
    expect((await host.vial("verify", "-i", "9", path)).err).toContain("Cannot find object 9");
    expect((await host.vial("verify", "-g", "0", path)).code).toBe(2);
  });
});

test("flags of Apptainer that Vial does not have are refused with the reason", async () => {
  using host = new TestStore();
  const path = file("one-group.sif");
  expect((await host.vial("verify", "--url", "x", path)).err).toContain("asks no key server");
  expect((await host.vial("verify", "--ocsp-verify", path)).err).toContain("certificates are revoked");
  expect((await host.vial("key", "generate", "--push")).err).toContain("speaks with no key server");
});

describe("vial sign", () => {
  test("by a PEM key makes what --key verifies", async () => {
    using host = new TestStore();
    const path = `${host.root}/x.sif`;
    copyFileSync(file("two-groups.sif"), path);
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const pem = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" } as const;
    writeFileSync(`${host.root}/key.pem`, privateKey.export(pem));
    writeFileSync(`${host.root}/pub.pem`, publicKey.export({ type: "spki", format: "pem" }));
    const signed = await host.vial("sign", "--key", `${host.root}/key.pem`, "-P", "secret", path);
    expect(signed).toMatchObject({ code: 0, err: expect.stringContaining("signatures: object 4, 5") });
    expect((await host.vial("verify", "--key", `${host.root}/pub.pem`, path)).code).toBe(0);
    expect((await host.vial("verify", "--key", `${host.root}/key.pem`, path)).err).toContain("a private key");
    expect((await host.vial("sign", "--key", `${host.root}/key.pem`, "-P", "x", path)).err).toContain(
      "Cannot read a private key",
    );
  });

  test("by a key with a certificate makes what --certificate verifies", async () => {
    using host = new TestStore();
    const path = `${host.root}/x.sif`;
    copyFileSync(file("one-group.sif"), path);
    const pem = (name: string) => file(`certificates/${name}`);
    expect((await host.vial("sign", "--key", pem("signer.key"), path)).code).toBe(0);
    const words = ["verify", "--certificate", pem("signer.pem"), "--certificate-roots", pem("root.pem")];
    expect(
      (await host.vial(...words, "--certificate-intermediates", pem("middle.pem"), path)).out,
    ).toStartWith("Signing entity: O=Vial test, CN=signer\n");
    expect(await host.vial(...words, path)).toMatchObject({
      code: 1,
      err: expect.stringContaining("no chain leads from it to a root"),
    });
    expect((await host.vial("verify", "--certificate-roots", pem("root.pem"), path)).err).toContain(
      "add --certificate",
    );
    const other = ["verify", "--certificate", pem("plain.pem"), "--certificate-roots", pem("middle.pem")];
    expect((await host.vial(...other, path)).err).toContain("was not made by the key of");
  });

  test("says what there is not to sign", async () => {
    using host = new TestStore();
    await host.vial("key", "generate", "-N", "Ada", "--algorithm", "ed25519", "-P", "");
    const path = `${host.root}/x.sif`;
    copyFileSync(file("one-group.sif"), path);
    expect((await host.vial("sign", "-g", "7", path)).err).toContain("it has no objects in group 7");
    expect((await host.vial("sign", "--all", "-g", "1", path)).err).toContain("one says all");
    copyFileSync(file("empty.sif"), path);
    expect((await host.vial("sign", path)).err).toContain("it has no objects in any group");
    copyFileSync(file("edge/capacity-1.sif"), path);
    await host.vial("sif", "add", "--datatype", "generic", "--groupid", "1", path, file("README.md"));
    expect((await host.vial("sign", path)).err).toContain("all of its 1 descriptors are used");
  });
});
