import { describe, expect, test } from "bun:test";
import type { ContainerDefaults } from "#spec";
import { parseChange, parseChanges } from "./change.ts";

describe("parseChange()", () => {
  const before: ContainerDefaults = { Env: ["A=0", "B=0"], WorkingDir: "/srv", Labels: { old: "1" } };
  const cases: readonly (readonly [string, ContainerDefaults])[] = [
    ['CMD ["a", "b c"]', { Cmd: ["a", "b c"] }],
    ["cmd echo hi", { Cmd: ["/bin/sh", "-c", "echo hi"] }],
    ["ENTRYPOINT [not json]", { Entrypoint: ["/bin/sh", "-c", "[not json]"] }],
    ["ENV A=1 C=\"x y\" D=a\\ b E='$Q'", { Env: ["A=1", "B=0", "C=x y", "D=a b", "E=$Q"] }],
    ["ENV A one two", { Env: ["A=one two", "B=0"] }],
    ["LABEL new=2", { Labels: { old: "1", new: "2" } }],
    [
      "EXPOSE 80 53/UDP 8000-8001",
      { ExposedPorts: { "80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {} } },
    ],
    ['VOLUME ["/a b"]', { Volumes: { "/a b": {} } }],
    ["VOLUME /a /b", { Volumes: { "/a": {}, "/b": {} } }],
    ["USER 1000:1000", { User: "1000:1000" }],
    ["WORKDIR ../x/./y", { WorkingDir: "/x/y" }],
    ["STOPSIGNAL SIGINT", { StopSignal: "SIGINT" }],
  ];
  for (const [text, result] of cases)
    test(text, () => {
      expect(parseChange(text)(before)).toEqual({ ...before, ...result });
    });

  for (const text of [
    "",
    "CMD",
    "FROM x",
    "EXPOSE 0",
    "EXPOSE 70000",
    "EXPOSE 9-8",
    "ENV =1",
    "ENV A",
    "LABEL a='b",
    "CDM x",
  ])
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseChange(text)).toThrow(expect.objectContaining({ code: "change-invalid" }));
    });

  test("names the instruction that was meant", () => {
    expect(() => parseChange("ENTRYPONT x")).toThrow(
      expect.objectContaining({ why: "did you mean ENTRYPOINT?" }),
    );
  });
});

test("parseChanges() goes from one to the next", () => {
  expect(parseChanges(["WORKDIR /a", "WORKDIR b"])({})).toEqual({ WorkingDir: "/a/b" });
});
