import { describe, expect, test } from "bun:test";
import { compareLayers } from "./compare.ts";
import { tarEnd, tarHeader, tarPadding } from "./tar-write.ts";

type Member = Partial<Parameters<typeof tarHeader>[0]> & { readonly name: string; readonly text?: string };

function layer(members: readonly Member[]): () => Buffer[] {
  const bytes = members.flatMap(({ text = "", ...member }) => {
    const size = Buffer.byteLength(text);
    const header = tarHeader({ type: "file", mode: 0o644, mtime: 0, size, ...member });
    return [header, Buffer.from(text), size % 512 === 0 ? Buffer.alloc(0) : tarPadding(size)];
  });
  return () => [...bytes, tarEnd()];
}

const compare = async (a: readonly Member[], b: readonly Member[]) =>
  await compareLayers(layer(a), layer(b), 1024);

describe("compareLayers()", () => {
  test("tells of contents with their bytes, of names, and of everything that a member says", async () => {
    const found = await compare(
      [
        { name: "a", text: "one" },
        { name: "b", text: "same" },
        { name: "gone", text: "" },
        { name: "link", type: "symlink", linkName: "x" },
      ],
      [
        { name: "a", text: "two", mode: 0o600, uid: 7, mtime: 5 },
        { name: "b", text: "same" },
        { name: "link", type: "symlink", linkName: "y" },
        { name: "new", text: "" },
      ],
    );
    expect(
      found.map(({ path, kind, says, first, second }) => [
        path,
        kind,
        ...(says ?? [String(first), String(second)]),
      ]),
    ).toEqual([
      ["a", "mode", "644", "600"],
      ["a", "owner", "0:0", "7:0"],
      ["a", "time", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:05.000Z"],
      ["a", "content", "one", "two"],
      ["gone", "only-first", "undefined", "undefined"],
      ["link", "link", "x", "y"],
      ["new", "only-second", "undefined", "undefined"],
    ]);
  });

  test("tells when the same members come in another order", async () => {
    const [found] = await compare([{ name: "a" }, { name: "b" }], [{ name: "b" }, { name: "a" }]);
    expect(found).toEqual({ path: "", kind: "order", says: ["a\nb", "b\na"] });
  });

  test("takes no bytes for an empty layer, and keeps only the beginnings of files", async () => {
    expect(await compareLayers(() => [], layer([{ name: "a" }]), 4)).toEqual([
      { path: "a", kind: "only-second" },
    ]);
    const [found] = await compareLayers(
      layer([{ name: "a", text: "12345x" }]),
      layer([{ name: "a", text: "12345y" }]),
      4,
    );
    expect(String(found?.first)).toBe("1234");
  });
});
