import { describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { TestStore } from "../testing/image-fixture.ts";

const keyFile = (name: string) => new URL(`../../sif/testdata/keys/${name}`, import.meta.url).pathname;
const unit = "12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84";
const ce = "F34371D0ACD5D09EB9BD853A80600A5FA11BBD29";

const generate = (host: TestStore, name: string, ...more: string[]) =>
  host.vial("key", "generate", "--name", name, "--algorithm", "ed25519", "--password", "", ...more);

const rings = (host: TestStore) => `${host.root}/config/vial/keys`;

describe("vial key generate", () => {
  test("makes a pair in both rings, readable by its owner alone", async () => {
    using host = new TestStore();
    const { code, out, err } = await generate(host, "Ada", "-E", "ada@example.org", "-C", "test");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^[0-9A-F]{40}\n$/);
    for (const ring of ["public", "secret"])
      expect(statSync(`${rings(host)}/pgp-${ring}`).mode & 0o777).toBe(0o600);
    expect(statSync(rings(host)).mode & 0o777).toBe(0o700);
    const list = await host.vial("key", "list");
    expect(list.out).toContain("0)  User:           Ada (test) <ada@example.org>\n");
    expect(list.out).toContain(`    Fingerprint:    ${out.trim()}\n    Kind:           ed25519\n`);
    expect(list.out).toContain("you have the secret key");
    const [entry] = JSON.parse((await host.vial("key", "list", "--secret", "--json")).out) as object[];
    expect(entry).toMatchObject({ fingerprint: out.trim(), secret: true, revoked: false, expires: null });
  });

  test("locks the secret key by a password, which signing then needs", async () => {
    using host = new TestStore();
    const words = ["key", "generate", "-N", "Ada", "--algorithm", "ed25519", "--password-stdin"];
    expect(host.vialWith("secret\n", ...words).code).toBe(0);
    const file = `${host.root}/x.sif`;
    copyFileSync(keyFile("../one-group.sif"), file);
    expect(host.vialWith("wrong", "sign", "--password-stdin", file)).toMatchObject({
      code: 1,
      err: expect.stringContaining("Cannot unlock the secret key"),
    });
    expect(host.vialWith("", "sign", file).err).toContain("standard input is no terminal");
    expect(readFileSync(file)).toEqual(readFileSync(keyFile("../one-group.sif")));
    expect(host.vialWith("secret", "sign", "--password-stdin", file).code).toBe(0);
    expect((await host.vial("verify", file)).code).toBe(0);
    // Four processes that load the library from its source.
  }, 60_000);

  test("refuses owners that are none, lengths and times that are none", async () => {
    using host = new TestStore();
    expect((await generate(host, "Ada\n<x>")).err).toContain("the owner of a key has a name");
    expect((await generate(host, "Ada", "--email", "nonsense")).err).toContain(
      "the owner of a key has a name",
    );
    expect((await generate(host, "")).code).toBe(2);
    expect((await generate(host, "Ada", "-b", "4096")).err).toContain("such a key has one length");
    expect((await host.vial("key", "generate", "-N", "A", "-b", "1024")).err).toContain("from 2048 to 8192");
    expect((await generate(host, "Ada", "--expire", "0")).err).toContain("a number of days");
  });

  test("--expire sets an end, which the list shows", async () => {
    using host = new TestStore();
    await generate(host, "Ada", "--expire", "2");
    expect((await host.vial("key", "list")).out).toContain("Expiry time:");
  });
});

describe("vial key import and export", () => {
  test("take armored and binary keys, several in a file, from standard input", async () => {
    using host = new TestStore();
    const both = [unit, ce].map((name) => readFileSync(keyFile(`${name}.asc`), "utf8")).join("\n");
    const imported = host.vialWith(both, "key", "import", "-");
    expect(imported).toMatchObject({ code: 0, err: "" });
    expect(imported.out).toBe(
      `${unit}  public, new: Unit Test <unit@test.com>\n${ce}  public, new: SingularityCE Tests <singularityce@example.com>\n`,
    );
    expect((await host.vial("key", "import", keyFile(`${unit}.asc`))).out).toContain("public, updated");
    expect(JSON.parse((await host.vial("key", "list", "--json")).out)).toHaveLength(2);
    const binary = `${host.root}/ce.pgp`;
    expect((await host.vial("key", "export", "-k", ce.slice(-16), binary)).code).toBe(0);
    expect(readFileSync(binary)[0]).toBeGreaterThan(127);
    expect((await host.vial("key", "remove", ce)).out).toBe(`${ce}\n`);
    expect((await host.vial("key", "import", binary)).out).toContain(`${ce}  public, new`);
    expect((await host.vial("key", "export", "-a", "-k", "1", "-")).out).toStartWith(
      "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
    );
  });

  test("carry a secret key, into a file of its owner alone", async () => {
    using host = new TestStore();
    const print = (await generate(host, "Ada")).out.trim();
    const backup = `${host.root}/backup.asc`;
    writeFileSync(backup, "", { mode: 0o644 });
    expect((await host.vial("key", "export", "--secret", "--armor", backup)).code).toBe(0);
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect((await host.vial("key", "remove", "--both", print)).code).toBe(0);
    expect((await host.vial("key", "list")).out).toBe("");
    expect((await host.vial("key", "import", "--secret", backup)).out).toContain(
      `${print}  secret, new: Ada`,
    );
    expect(JSON.parse((await host.vial("key", "list", "--json")).out)).toMatchObject([{ secret: true }]);
  });

  test("refuse what is no key, and a public key where a secret one is asked for", async () => {
    using host = new TestStore();
    const path = `${host.root}/x`;
    writeFileSync(path, "hello");
    expect(await host.vial("key", "import", path)).toMatchObject({ code: 2 });
    expect((await host.vial("key", "import", keyFile("rsa-public.pem"))).err).toContain(
      "it holds something else than keys",
    );
    expect((await host.vial("key", "import", "-s", keyFile(`${unit}.asc`))).err).toContain(
      "Cannot find a secret key",
    );
    expect((await host.vial("key", "import", `${host.root}/none`)).err).toContain("there is no such file");
    expect((await host.vial("key", "export", path)).err).toContain("there is none");
    expect((await host.vial("key", "remove", unit)).err).toContain("Cannot find the public key");
  });

  test("ask which of several keys, and know one by its number or its last digits", async () => {
    using host = new TestStore();
    for (const name of [unit, ce]) await host.vial("key", "import", keyFile(`${name}.asc`));
    expect(host.vialWith("", "key", "export", "-").err).toContain("which of 2 public keys");
    expect((await host.vial("key", "export", "-k", "2", "-")).err).toContain("Cannot find the public key");
    expect((await host.vial("key", "export", "-k", unit.slice(-8), "-")).code).toBe(1);
  });
});

describe("keyrings", () => {
  test("in a folder of one's choice take the place of all others", async () => {
    using host = new TestStore();
    await host.vial("key", "import", keyFile(`${ce}.asc`));
    const there = ["--keysdir", `${host.root}/other`];
    expect((await generate(host, "Ada", ...there)).code).toBe(0);
    expect((await host.vial("key", "import", ...there, keyFile(`${unit}.asc`))).code).toBe(0);
    const list = JSON.parse((await host.vial("key", "list", "--json", ...there)).out) as object[];
    expect(list).toMatchObject([{ secret: true }, { fingerprint: unit }]);
    expect((await host.vial("key", "export", "-a", "-k", unit, ...there, "-")).code).toBe(0);
    expect((await host.vial("key", "remove", unit, ...there)).out).toBe(`${unit}\n`);
    expect(JSON.parse((await host.vial("key", "list", "--json")).out)).toMatchObject([{ fingerprint: ce }]);
    expect((await host.vial("key", "list", "--global", ...there)).err).toContain("both name the keyring");
  });

  test("of Apptainer are read, and not changed", async () => {
    using host = new TestStore();
    await host.vial("key", "import", keyFile(`${unit}.asc`));
    mkdirSync(`${host.root}/.apptainer/keys`, { recursive: true });
    copyFileSync(`${rings(host)}/pgp-public`, `${host.root}/.apptainer/keys/pgp-public`);
    await host.vial("key", "remove", unit);
    expect((await host.vial("key", "list")).out).toContain("from the keyring of apptainer");
    expect((await host.vial("verify", keyFile("../one-group-signed-pgp.sif"))).code).toBe(0);
    expect((await host.vial("key", "remove", unit)).err).toContain("/.apptainer/keys/pgp-public");
  });

  test("that others may write are not believed", async () => {
    using host = new TestStore();
    await host.vial("key", "import", keyFile(`${unit}.asc`));
    chmodSync(`${rings(host)}/pgp-public`, 0o666);
    expect((await host.vial("verify", keyFile("../one-group-signed-pgp.sif"))).err).toContain(
      "Cannot believe the keys",
    );
  });
});
