import { describe, expect, test } from "bun:test";
import { parseReference } from "#spec";
import { parseCacheFrom, parseCacheTo } from "./build-cache.ts";

describe("parseCacheFrom() and parseCacheTo()", () => {
  test("take folders and registries, and a name alone", () => {
    expect(parseCacheFrom("type=local,src=/c")).toEqual({ kind: "local", folder: "/c" });
    const reference = parseReference("host:5000/a:c");
    expect(parseCacheFrom("type=registry,ref=host:5000/a:c")).toEqual({ kind: "registry", reference });
    expect(parseCacheFrom("host:5000/a:c")).toEqual({ kind: "registry", reference });
    expect(parseCacheTo("type=local,dest=/c,mode=max,ignore-error=true,oci-mediatypes=true")).toEqual({
      place: { kind: "local", folder: "/c" },
      mode: "max",
      ignoreError: true,
    });
    expect(parseCacheTo("host:5000/a:c")).toEqual({
      place: { kind: "registry", reference },
      mode: "min",
      ignoreError: false,
    });
  });

  const refused: readonly (readonly [string, string])[] = [
    ["type=local", "dest=FOLDER"],
    ["type=local,dest=", "dest=FOLDER"],
    ["type=local,src=/c", "not src"],
    ["type=registry", "ref=NAME"],
    ["type=tape,dest=/c", "type=local"],
    ["type=inline", "folders and registries"],
    ["type=gha", "folders and registries"],
    ["type=local,dest=/c,mode=some", "mode=min"],
    ["type=local,dest=/c,compression=zstd", "not compression"],
    ["type=local,dest=/c,image-manifest=false", "always an OCI image"],
    ["type=local,dest=/c,ignore-error=yes", "ignore-error=true"],
    ["=,", "type=local"],
  ];
  for (const [text, why] of refused)
    test(`${text} is refused`, () => {
      let said = "";
      try {
        parseCacheTo(text);
      } catch (error) {
        const { why: reason, next } = error as { why?: string; next?: string };
        said = `${reason} ${next}`;
      }
      expect(said).toContain(why);
    });
});
