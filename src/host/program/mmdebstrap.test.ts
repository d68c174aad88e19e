import { describe, expect, test } from "bun:test";
import { mmdebstrapArgs, parseMmdebstrapLine } from "./mmdebstrap.ts";

describe("mmdebstrapArgs()", () => {
  test("reads the sources from standard input and writes a tar to standard output", () => {
    const args = mmdebstrapArgs({
      suite: "bookworm",
      variant: "minbase",
      include: ["curl", "ca-certificates"],
      mode: "unshare",
      setupHooks: ["true"],
      customizeHooks: ["a", "b"],
    });
    expect(args).toEqual([
      "--variant=minbase",
      "--mode=unshare",
      "--format=tar",
      "--verbose",
      "--include=curl,ca-certificates",
      "--setup-hook=true",
      "--customize-hook=a",
      "--customize-hook=b",
      "--",
      "bookworm",
      "-",
      "-",
    ]);
  });
});

describe("parseMmdebstrapLine()", () => {
  test.each([
    ["I: running apt-get update...", { kind: "phase", phase: "update" }],
    ["I: downloading packages with apt...", { kind: "phase", phase: "download" }],
    ["I: installing remaining packages inside the chroot...", { kind: "phase", phase: "install" }],
    ["I: cleaning package lists and apt cache...", { kind: "phase", phase: "customize" }],
    ["I: creating tarball...", { kind: "phase", phase: "pack" }],
    ["0 upgraded, 69 newly installed, 0 to remove and 0 not upgraded.", { kind: "packages", count: 69 }],
    ["Get:5 http://mirror.example bookworm/main amd64 dpkg amd64 1.21.22 [1568 kB]", { kind: "downloaded" }],
    ["Setting up dpkg (1.21.22) ...", { kind: "configured" }],
  ] as const)("%s", (line, event) => {
    expect(parseMmdebstrapLine(line)).toEqual(event);
  });

  test("says nothing of other lines", () => {
    expect(parseMmdebstrapLine("Unpacking dpkg (1.21.22) ...")).toBeUndefined();
    expect(parseMmdebstrapLine("I: success in 21.2 seconds")).toBeUndefined();
  });
});
