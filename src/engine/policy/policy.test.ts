import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { loadSignatures, openSif, SifFile } from "#sif";
import { openHpcFile } from "../hpc-image.ts";
import { addKeys, ownKeys } from "../keyring/keyring.ts";
import { checkPolicy, readPolicyFiles } from "./policy.ts";
import { parsePolicy, ruleFor } from "./rules.ts";

const testdata = (name: string) => new URL(`../../sif/testdata/${name}`, import.meta.url).pathname;
const unit = "12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84";
const ce = "F34371D0ACD5D09EB9BD853A80600A5FA11BBD29";

const before = { HOME: process.env.HOME, XDG_CONFIG_HOME: process.env.XDG_CONFIG_HOME };
let home: string;
let signed: string;

beforeAll(async () => {
  home = mkdtempSync(`${tmpdir()}/vial-policy-`);
  process.env.HOME = home;
  process.env.XDG_CONFIG_HOME = `${home}/config`;
  mkdirSync(`${home}/images`);
  signed = `${home}/images/x.sif`;
  copyFileSync(testdata("one-group-signed-pgp.sif"), signed);
  const { readPgpKeys } = await loadSignatures();
  for (const name of [unit, ce])
    await addKeys(await readPgpKeys(readFileSync(testdata(`keys/${name}.asc`)), name), ownKeys());
});

afterAll(() => {
  Object.assign(process.env, before);
  if (before.XDG_CONFIG_HOME === undefined) delete process.env.XDG_CONFIG_HOME;
  rmSync(home, { recursive: true });
});

function setPolicy(text: string | undefined): void {
  const path = `${home}/config/vial/policy.toml`;
  rmSync(path, { force: true });
  if (text !== undefined) writeFileSync(path, text, { mode: 0o600 });
}

const rule = (mode: string, keys: readonly string[] = [], path = `${home}/images`) =>
  `default = "deny"\n[[rule]]\npath = "${path}"\nmode = "${mode}"\n${keys.length === 0 ? "" : `keys = ${JSON.stringify(keys)}\n`}`;

/** Undefined: it may run. */
async function answer(path: string): Promise<string | undefined> {
  using sif = openSif(path);
  try {
    await checkPolicy({ path, fd: sif.fd, sif });
    return undefined;
  } catch (error) {
    const { message, why } = error as { message: string; why?: string };
    return `${message} | ${why}`;
  }
}

describe("checkPolicy()", () => {
  test("without a policy lets everything run, and loads nothing", async () => {
    setPolicy(undefined);
    expect(await answer(testdata("one-group.sif"))).toBeUndefined();
    expect(readPolicyFiles(process.env, `${home}/none`)).toEqual([]);
  });

  test.each<[string, string[], string | undefined]>([
    ["allow", [], undefined],
    ["deny", [], "it lets nothing run from there"],
    ["any-of", [unit], undefined],
    ["any-of", [ce, unit], undefined],
    ["any-of", [ce], `it demands a signature by ${ce}, and it is signed by ${unit}`],
    ["all-of", [unit], undefined],
    ["all-of", [unit, ce], `it demands signatures by ${unit} and ${ce}`],
    ["none-of", [ce], undefined],
    ["none-of", [unit], `it takes nothing that ${unit} has signed`],
  ])("%s %p: %p", async (mode, keys, why) => {
    setPolicy(rule(mode, keys));
    const said = await answer(signed);
    if (why === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(why);
  });

  test.each(["any-of", "all-of", "none-of"])(
    "%s: unsigned, changed, unknown and legacy do not run",
    async (mode) => {
      setPolicy(rule(mode, [mode === "none-of" ? ce : unit]));
      const path = `${home}/images/other.sif`;
      for (const name of [
        "one-group.sif",
        "one-group-signed-dsse.sif",
        "one-group-signed-legacy-all.sif",
        "empty.sif",
      ]) {
        copyFileSync(testdata(name), path);
        expect(await answer(path)).toContain("it is not signed as a whole");
      }
      const bytes = readFileSync(signed);
      bytes.write("X", 36864);
      writeFileSync(path, bytes);
      expect(await answer(path)).toContain("the data of object 2 were changed");
      // A partition outside of every group, which no signature covers.
      const loose = readFileSync(signed);
      loose.writeUInt32LE(0xf0000000, 4096 + 585 + 9);
      writeFileSync(path, loose);
      expect(await answer(path)).toContain("not signed as a whole");
      rmSync(path);
    },
  );

  test("the default decides about the rest; both policies have to agree", async () => {
    setPolicy(rule("allow"));
    expect(await answer(testdata("one-group-signed-pgp.sif"))).toContain("the default of");
    setPolicy(rule("deny").replace('"deny"', '"allow"'));
    expect(await answer(testdata("one-group-signed-pgp.sif"))).toBeUndefined();
    expect(await answer(signed)).toContain("rule 1");
    const machine = `${home}/etc`;
    mkdirSync(machine);
    writeFileSync(`${machine}/policy.toml`, 'default = "deny"', { mode: 0o644 });
    expect(readPolicyFiles(process.env, machine).map(({ path }) => path)).toEqual([
      `${machine}/policy.toml`,
      `${home}/config/vial/policy.toml`,
    ]);
  });

  test("a rule means the file itself: links, and a file put in its place, change nothing", async () => {
    setPolicy(rule("deny").replace('"deny"', '"allow"'));
    const link = `${home}/link.sif`;
    symlinkSync(signed, link);
    expect(await answer(link)).toContain("it lets nothing run");
    // The folder of the rule is a link.
    const door = `${home}/door`;
    symlinkSync(`${home}/images`, door);
    setPolicy(rule("deny", [], door).replace('"deny"', '"allow"'));
    expect(await answer(signed)).toContain("it lets nothing run");
    setPolicy(rule("any-of", [unit]));
    const fd = openSync(signed, "r");
    const sif = new SifFile(signed, fd);
    renameSync(signed, `${signed}.old`);
    copyFileSync(testdata("one-group.sif"), signed);
    // What is open is the signed one, and is judged by where it lies now.
    expect(await checkPolicy({ path: signed, fd, sif })).toBeUndefined();
    rmSync(`${signed}.old`);
    expect(checkPolicy({ path: signed, fd, sif })).rejects.toThrow("moved or removed");
    sif[Symbol.dispose]();
    copyFileSync(testdata("one-group-signed-pgp.sif"), signed);
  });

  test("folders and bare squashfs files have no signature", async () => {
    setPolicy(rule("any-of", [unit]));
    mkdirSync(`${home}/images/box/bin`, { recursive: true });
    expect(openHpcFile(`${home}/images/box`, home)).rejects.toThrow("the policy does not let it");
    writeFileSync(`${home}/images/x.sqsh`, "hsqs, and more");
    expect(openHpcFile(`${home}/images/x.sqsh`, home)).rejects.toThrow("the policy does not let it");
    expect(openHpcFile(signed, home)).resolves.toMatchObject({ root: { kind: "squashfs", offset: 36864 } });
  });

  test.each([
    ["default =", "it is no TOML"],
    ["", "default"],
    ['default = "maybe"', "what becomes of images that no rule names"],
    ['default = "deny"\nrules = []', "rules"],
    ['default = "deny"\n[[rule]]\npath = "images"\nmode = "deny"', "has to begin with"],
    ['default = "deny"\n[[rule]]\npath = "/x"\nmode = "signed"', "has to be one of"],
    ['default = "deny"\n[[rule]]\npath = "/x"\nmode = "any-of"', '"any-of" needs keys'],
    ['default = "deny"\n[[rule]]\npath = "/x"\nmode = "allow"\nkeys = ["12"]', "is no fingerprint"],
    [`default = "deny"\n[[rule]]\npath = "/x"\nmode = "deny"\nkeys = ["${unit}"]`, '"deny" takes no keys'],
  ])("a policy with a slip lets nothing run: %p", async (text, why) => {
    setPolicy(text);
    const said = await answer(signed);
    expect(said).toContain("Cannot understand the policy");
    expect(said).toContain(why);
  });

  test("a policy that others may write is not believed", async () => {
    setPolicy('default = "allow"');
    chmodSync(`${home}/config/vial/policy.toml`, 0o666);
    expect(await answer(signed)).toContain("Cannot believe the policy");
  });
});

describe("ruleFor()", () => {
  test.each([
    ["/shared/images", "/shared/images/a/b.sif", true],
    ["/shared/images/", "/shared/images/b.sif", true],
    ["/shared/images", "/shared/images", true],
    ["/shared/images", "/shared/images-other/b.sif", false],
    ["/shared/*.sif", "/shared/b.sif", true],
    ["/shared/*.sif", "/shared/a/b.sif", false],
    ["/shared/**", "/shared/a/b.sif", true],
    ["/shared/**/v[12].sif", "/shared/a/v2.sif", true],
    ["/shared/**/v[12].sif", "/shared/a/v3.sif", false],
    ["~/images", "/home/ada/images/b.sif", true],
    ["/", "/any/where.sif", true],
  ])("%p and %p: %p", (path, file, names) => {
    const policy = parsePolicy({
      path: "x",
      text: `default = "allow"\n[[rule]]\npath = "${path}"\nmode = "deny"`,
    });
    expect(ruleFor(policy, file, "/home/ada") !== undefined).toBe(names);
  });
});
