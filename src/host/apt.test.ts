import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import {
  complaints,
  parseDeb822,
  parseSourcesList,
  printAptSource,
  readAptAcquire,
  readAptSources,
  withoutCredentials,
} from "./apt.ts";

describe("parseSourcesList()", () => {
  test("reads one-line entries, and no source packages or comments", () => {
    const text = `
      # deb http://mirror.example/debian old main
      deb http://mirror.example/debian bookworm main contrib # the mirror
      deb-src http://mirror.example/debian bookworm main
      deb [arch=amd64,arm64 signed-by=/usr/share/keyrings/k.gpg trusted=yes] https://other.example/x ./
    `;
    expect(parseSourcesList(text)).toEqual([
      {
        uri: "http://mirror.example/debian",
        suite: "bookworm",
        components: ["main", "contrib"],
        signedBy: undefined,
        trusted: false,
        architectures: [],
      },
      {
        uri: "https://other.example/x",
        suite: "./",
        components: [],
        signedBy: "/usr/share/keyrings/k.gpg",
        trusted: true,
        architectures: ["amd64", "arm64"],
      },
    ]);
  });
});

describe("parseDeb822()", () => {
  test("multiplies addresses and suites, and skips what is switched off", () => {
    const text = `Types: deb deb-src
# a comment inside
URIs: http://a.example/debian
 http://b.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://c.example
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://d.example
Suites: bookworm
Components: main

Types: deb
URIs: http://e.example
Suites: noble
Components: main universe
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQ
 -----END PGP PUBLIC KEY BLOCK-----
`;
    const sources = parseDeb822(text);
    expect(sources.map((source) => `${source.uri} ${source.suite}`)).toEqual([
      "http://a.example/debian bookworm",
      "http://a.example/debian bookworm-updates",
      "http://b.example/debian bookworm",
      "http://b.example/debian bookworm-updates",
      "http://e.example noble",
    ]);
    expect(sources[0]?.signedBy).toBe("/usr/share/keyrings/debian-archive-keyring.gpg");
    expect(sources[4]?.signedBy).toBeUndefined();
  });
});

describe("readAptSources()", () => {
  test("joins the list and the parts, and takes no other files", () => {
    const folder = mkdtempSync(`${tmpdir()}/vial-apt-test-`);
    try {
      mkdirSync(`${folder}/sources.list.d`);
      writeFileSync(`${folder}/sources.list`, "deb http://one.example/ a main\n");
      writeFileSync(`${folder}/sources.list.d/two.list`, "deb http://two.example/ b main\n");
      writeFileSync(
        `${folder}/sources.list.d/three.sources`,
        "Types: deb\nURIs: http://three.example/\nSuites: c\nComponents: main\n",
      );
      writeFileSync(`${folder}/sources.list.d/four.list.disabled`, "deb http://four.example/ d main\n");
      expect(readAptSources(folder).map((source) => source.suite)).toEqual(["a", "b", "c"]);
      expect(readAptSources(`${folder}/nowhere`)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("finds the sources of this machine", () => {
    expect(readAptSources().some((source) => source.components.includes("main"))).toBe(true);
  });
});

describe("printAptSource()", () => {
  test("is read back as the same source", () => {
    const [source] = parseSourcesList("deb [signed-by=/k.gpg trusted=yes] http://m.example/d suite main x\n");
    if (source === undefined) throw new Error("no source was read");
    expect(parseSourcesList(printAptSource(source))).toEqual([source]);
  });
});

describe("withoutCredentials()", () => {
  test.each([
    ["https://user:pa%40ss@mirror.example/debian", "https://mirror.example/debian"],
    ["http://mirror.example/a@b", "http://mirror.example/a@b"],
    ["file:/srv/mirror", "file:/srv/mirror"],
  ])("%s", (uri, clean) => {
    expect(withoutCredentials(uri)).toBe(clean);
  });
});

describe("complaints()", () => {
  test("keeps what went wrong, and no password", () => {
    const said =
      "Get:1 x\nSetting up libgpg-error0 (1.46) ...\nErr:2 https://me:secret@m.example/debian x Release\nE: No Release file\n";
    expect(complaints(said)).toBe("Err:2 https://m.example/debian x Release; E: No Release file");
    expect(complaints("killed\n")).toBe("killed");
  });
});

describe("readAptAcquire()", () => {
  test("gives settings of the way to the sources alone", async () => {
    for (const line of (await readAptAcquire()).split("\n").filter((text) => text !== "")) {
      expect(line).toMatch(/^Acquire::[\w:-]+ ".*";$/);
    }
  });
});
