import { expect, test } from "bun:test";
import { readImageSettings, withSettings } from "./image-settings.ts";

test("readImageSettings() takes what an image has, and refuses other shapes", () => {
  expect(readImageSettings(undefined)).toEqual({});
  expect(readImageSettings({ Hostname: "a", User: "", Cmd: null, Env: ["A=1"], Labels: { a: "b" } })).toEqual(
    {
      Env: ["A=1"],
      Labels: { a: "b" },
    },
  );
  for (const body of [
    [],
    "x",
    { Env: "A=1" },
    { Cmd: [1] },
    { Labels: { a: 1 } },
    { User: 7 },
    { Volumes: [] },
  ])
    expect(() => readImageSettings(body)).toThrow("body");
});

test("withSettings() puts the body over the container", () => {
  const container = {
    Env: ["A=1", "B=2"],
    Cmd: ["run"],
    Entrypoint: ["/old"],
    Labels: { a: "1" },
    User: "u",
  };
  expect(withSettings(container, {})).toEqual(container);
  expect(
    withSettings(container, { Env: ["A=9"], Labels: { b: "2" }, ExposedPorts: { "80/tcp": {} } }),
  ).toEqual({
    ...container,
    Env: ["A=9", "B=2"],
    Labels: { a: "1", b: "2" },
    ExposedPorts: { "80/tcp": {} },
  });
  expect(withSettings(container, { Entrypoint: ["/new"] })).toMatchObject({ Entrypoint: ["/new"], Cmd: [] });
  expect(withSettings(container, { Cmd: ["x"] })).toMatchObject({ Entrypoint: ["/old"], Cmd: ["x"] });
});
