import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { openVial, setupTimeout, type TestVial } from "./vial.ts";

// Signatures of SIF files before a judge that is not ours: GnuPG signs what we verify, and verifies what we sign.

const testdata = new URL("../src/sif/testdata", import.meta.url).pathname;
let vial: TestVial;
let image: string;

beforeAll(async () => {
  vial = await openVial();
  image = `${vial.folder}/x.sif`;
  mkdirSync(`${vial.folder}/gnupg`);
  chmodSync(`${vial.folder}/gnupg`, 0o700);
}, setupTimeout);

afterAll(async () => {
  await vial.command(["gpgconf", "--homedir", `${vial.folder}/gnupg`, "--kill", "all"]);
  await vial.close();
}, setupTimeout);

async function gpg(words: readonly string[], input?: string) {
  const home = ["--homedir", `${vial.folder}/gnupg`, "--batch", "--no-tty", "--pinentry-mode", "loopback"];
  const options = input === undefined ? {} : { input };
  return await vial.command(["gpg", ...home, "--passphrase", "", ...words], { ...options, timeout: 60_000 });
}

async function gpgKey(algorithm: string): Promise<string> {
  const name = `${algorithm} <${algorithm}@example.org>`;
  expect((await gpg(["--quick-generate-key", name, algorithm, "sign", "1d"])).code).toBe(0);
  const list = await gpg(["--with-colons", "--list-keys", name]);
  return /^fpr:+([0-9A-F]{40}):/m.exec(list.out)![1]!;
}

/** The text of the last object. */
async function signatureOf(path: string): Promise<string> {
  const objects = JSON.parse(await vial.ok("sif", "list", "--json", path)) as { id: number }[];
  return (await vial.run("sif", "dump", String(objects.at(-1)!.id), path)).out;
}

describe.each(["rsa2048", "ed25519"])("a key of GnuPG (%s)", (algorithm) => {
  test("signs by Vial what GnuPG verifies, and by GnuPG what Vial verifies", async () => {
    const print = await gpgKey(algorithm);
    const secret = (await gpg(["--armor", "--export-secret-keys", print])).out;
    const imported = await vial.call(["key", "import", "-"], { input: secret });
    expect(imported.out).toContain(`${print}  secret, new`);

    copyFileSync(`${testdata}/one-group.sif`, image);
    await vial.ok("sign", "-k", print, image);
    const text = await signatureOf(image);
    const judged = await gpg(["--status-fd", "1", "--verify"], text);
    expect(judged).toMatchObject({ code: 0, out: expect.stringContaining(`VALIDSIG ${print}`) });
    expect(await vial.run("verify", image)).toMatchObject({ code: 0, err: "" });
    // What was signed is what Apptainer signs, to the byte.
    const metadata = readFileSync(`${testdata}/integrity/image-metadata-SHA256.json`, "utf8").trim();
    expect(text).toContain(`\n\n${metadata}\n-----BEGIN PGP SIGNATURE-----\n`);

    copyFileSync(`${testdata}/one-group.sif`, image);
    const made = `${vial.folder}/signature.asc`;
    writeFileSync(made, metadata);
    const clear = await gpg(["-u", print, "--digest-algo", "SHA512", "--yes", "--clear-sign", made]);
    expect(clear.code).toBe(0);
    const add = ["sif", "add", "--datatype", "5", "--signhash", "3", "--signentity", print];
    await vial.ok(...add, "--link", String(0xf0000001), image, `${made}.asc`);
    expect(await vial.run("verify", image)).toMatchObject({ code: 0, err: "" });

    // GnuPG revokes the key: taken in anew, it counts for nothing.
    const revocation = readFileSync(`${vial.folder}/gnupg/openpgp-revocs.d/${print}.rev`, "utf8").replace(
      ":-----BEGIN",
      "-----BEGIN",
    );
    expect((await gpg(["--import"], revocation)).code).toBe(0);
    await vial.call(["key", "import", "-"], { input: (await gpg(["--armor", "--export", print])).out });
    expect(await vial.run("verify", image)).toMatchObject({
      code: 1,
      err: expect.stringContaining("revoked"),
    });
    expect((await vial.run("key", "list")).out).toContain("revoked");
  }, 120_000);
});

test("a key of Vial is one for GnuPG", async () => {
  for (const algorithm of ["rsa", "ed25519"]) {
    const print = await vial.ok("key", "generate", "-N", "Ada", "--algorithm", algorithm, "-P", "");
    expect(
      (await gpg(["--import"], (await vial.run("key", "export", "-a", "-k", print, "-")).out)).code,
    ).toBe(0);
    copyFileSync(`${testdata}/two-groups.sif`, image);
    await vial.ok("sign", "-k", print, image);
    expect(await gpg(["--status-fd", "1", "--verify"], await signatureOf(image))).toMatchObject({
      code: 0,
      out: expect.stringContaining(`VALIDSIG ${print}`),
    });
    rmSync(image);
  }
}, 120_000);
