import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { testFile } from "../testing/files.ts";
import { keyOfCertificate } from "./certificate.ts";

const pem = (...names: string[]) => {
  const path = testFile(`certificates/${names[0]}.pem`);
  const text = names.map((name) => readFileSync(testFile(`certificates/${name}.pem`), "utf8")).join("");
  return { path, text };
};

function answer(
  certificate: { path: string; text: string },
  { between = ["middle"], roots = ["root"], now = "2027-01-01" } = {},
): string {
  try {
    return keyOfCertificate({
      certificate,
      intermediates: between.map((name) => pem(name)),
      roots: roots.map((name) => pem(name)),
      now: new Date(now),
    }).name;
  } catch (error) {
    const { message, why } = error as { message: string; why?: string };
    return `${message}: ${why}`;
  }
}

describe("keyOfCertificate()", () => {
  test("gives the key where a chain leads to a root", () => {
    expect(answer(pem("signer"))).toBe("O=Vial test, CN=signer");
    expect(answer(pem("signer", "middle"), { between: [] })).toBe("O=Vial test, CN=signer");
    expect(answer(pem("signer"), { between: [], roots: ["middle"] })).toBe("O=Vial test, CN=signer");
    expect(answer(pem("signer"), { between: [], roots: ["signer"] })).toBe("O=Vial test, CN=signer");
    expect(answer(pem("plain"))).toBe("O=Vial test, CN=plain");
  });

  test.each<[string, Parameters<typeof answer>[1], string]>([
    ["signer", { between: [] }, "no chain leads from it to a root"],
    ["signer", { roots: ["other-root"] }, "no chain leads from it to a root"],
    ["signer", { now: "2020-01-01" }, "it is not valid before"],
    ["signer", { now: "2200-01-01" }, "it expired at"],
    ["web", {}, "its key is for other uses than to sign code"],
    ["encipher", {}, "its key may not sign data"],
    ["sha1", {}, "it is signed by"],
    ["odd", {}, "it has the critical extension 1.2.3.4"],
    ["under-signer", { between: ["signer", "middle"] }, "no chain leads from it to a root"],
    [
      "under-no-authority",
      { between: ["no-authority"] },
      'CN=no-authority": it may sign no other certificates',
    ],
    ["too-deep", { between: ["below-short", "short"] }, "it lets 0 authorities follow, and there are 1"],
    ["named", { between: ["names"] }, "it constrains names"],
  ])("%s %p: %p", (name, settings, why) => {
    expect(answer(pem(name), settings)).toContain(why);
  });

  test("refuses files without certificates, and certificates that are none", () => {
    expect(answer({ path: "x", text: "hello" })).toContain("it holds none in PEM form");
    const broken = pem("signer");
    expect(answer({ ...broken, text: broken.text.replace(/^MII.{8}/m, "MIIAAAAAAAA") })).toContain(
      "Cannot read",
    );
  });
});
