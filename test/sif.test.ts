import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { findProgram } from "#host";
import { openVial, setupTimeout, type TestVial } from "./vial.ts";

// SIF files that the compiled program makes, before other people's eyes: a reader of ten lines in Perl, which knows only
// the numbers of the format, unsquashfs, and siftool where it is.

let vial: TestVial;
let image: string;

beforeAll(async () => {
  vial = await openVial();
  image = `${vial.folder}/image.sif`;
  mkdirSync(`${vial.folder}/tree/etc`, { recursive: true });
  writeFileSync(`${vial.folder}/tree/etc/motd`, "hello\n");
  writeFileSync(`${vial.folder}/app.def`, "Bootstrap: docker\nFrom: debian\n");
  tool("mksquashfs", `${vial.folder}/tree`, `${vial.folder}/root.squashfs`, "-quiet", "-no-progress");
  const sif = async (...words: string[]) =>
    expect(await vial.run("sif", ...words)).toEqual({ code: 0, out: "", err: "" });
  await sif("new", "--launch", "#!/usr/bin/env run-singularity", image);
  await sif("add", "--datatype", "1", "--groupid", "1", image, `${vial.folder}/app.def`);
  const part = ["--datatype", "4", "--partfs", "1", "--partarch", "2", "--groupid", "1"];
  await sif("add", ...part, "--parttype", "1", image, `${vial.folder}/root.squashfs`);
  await sif("add", "--datatype", "generic", "--link", "4026531841", image, `${vial.folder}/app.def`);
  await sif("setprim", "2", image);
  await sif("del", "--zero", "--compact", "3", image);
}, setupTimeout);
afterAll(async () => await vial.close(), setupTimeout);

function tool(...words: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(words, { stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
  return stdout.toString();
}

const reader = `
  open my $f, "<:raw", $ARGV[0] or die $!;
  read $f, my $h, 128;
  my ($launch, $magic, $version, $arch) = unpack "Z32 Z10 Z3 Z3", $h;
  my ($made, $changed, $free, $total, $at, $size, $data, $used) = unpack "x64 q<8", $h;
  print join("|", $launch =~ s/\\n/\\\\n/r, $magic, $version, $arch, $free, $total, $at, $size, $data, $used), "\\n";
  seek $f, $at, 0;
  for (1 .. $total) {
    read $f, my $d, 585;
    my ($type, $used, $id, $group, $link, $offset, $size) = unpack "l< C V V V q< q<", $d;
    my ($name, $fs, $part, $arch) = unpack "x73 Z128 l< l< Z3", $d;
    printf "%x|%d|%x|%x|%d|%d|%s|%d|%d|%s\\n", $type, $id, $group, $link, $offset, $size, $name, $fs, $part, $arch if $used;
  }`;

test("a reader of ten lines finds what was put in", () => {
  const size = Bun.file(`${vial.folder}/root.squashfs`).size;
  expect(tool("perl", "-e", reader, image)).toBe(
    [
      `#!/usr/bin/env run-singularity\\n|SIF_MAGIC|01|02|46|48|4096|28080|32176|${592 + size}`,
      "4001|1|f0000001|0|32176|31|app.def|0|0|",
      `4004|2|f0000001|0|32768|${size}|root.squashfs|1|2|02`,
      "",
    ].join("\n"),
  );
  expect(Bun.file(image).size).toBe(32768 + size);
});

test("unsquashfs opens the root where it lies, and dump gives it", async () => {
  expect(tool("unsquashfs", "-o", "32768", "-cat", image, "etc/motd")).toBe("hello\n");
  const dumped = Bun.spawnSync([vial.program, "sif", "dump", "2", image]).stdout;
  expect(dumped.equals(Buffer.from(await Bun.file(`${vial.folder}/root.squashfs`).arrayBuffer()))).toBe(true);
});

const isHere = findProgram("siftool") !== undefined;
describe(`siftool${isHere ? "" : " (absent: apt-get install siftool)"}`, () => {
  test.skipIf(!isHere)("prints what vial prints, and each changes the file of the other", async () => {
    for (const words of [["list"], ["header"], ["info", "1"], ["info", "2"], ["dump", "1"]])
      expect((await vial.run("sif", ...words, image)).out).toBe(tool("siftool", ...words, image));
    tool("siftool", "add", "--datatype", "9", "--sbomformat", "spdx-json", image, `${vial.folder}/app.def`);
    expect((await vial.run("sif", "list", image)).out).toBe(tool("siftool", "list", image));
    expect((await vial.run("sif", "del", "3", image)).code).toBe(0);
    expect(tool("siftool", "list", image)).not.toContain("SBOM");
  });
});
