import { describe, expect, test } from "bun:test";
import { makeEnvironment } from "./environment.ts";
import { settleEnvironment } from "./settle-environment.ts";
import type { EnvironmentWish } from "./wish.ts";

const noFiles = {
  isFile: () => false,
  isFolder: () => false,
  exists: () => false,
  isExecutable: () => false,
  read: () => undefined,
};

const wish = (changes: Partial<EnvironmentWish> = {}): EnvironmentWish =>
  ({
    clean: false,
    set: [],
    files: [],
    without: [],
    prependPath: undefined,
    appendPath: undefined,
    ...changes,
  }) as EnvironmentWish;
const host = {
  OF_HOST: "1",
  BOTH: "host",
  TERM: "xterm",
  HTTP_PROXY: "p",
  PATH: "/host/bin",
  HOME: "/host/home",
  LD_LIBRARY_PATH: "/host/lib",
  APPTAINER_BIND: "/x",
  SINGULARITYENV_A: "b",
  "BASH_FUNC_f%%": "() { :; }",
};
const facts = {
  host,
  command: "exec",
  imagePath: "/i/x.sif",
  binds: ["/a:/b"],
  home: "/home/ada",
  app: undefined,
  prompt: "Vial> ",
  instance: undefined,
};
const settle = (changes: Partial<EnvironmentWish>, image: readonly string[]) =>
  settleEnvironment(makeEnvironment(wish(changes), facts), image, [], noFiles) ?? {};

describe("the environment of a program", () => {
  test("takes the host's variables where the image sets none, and never what belongs to the host alone", () => {
    const env = settle({}, ["BOTH=image", "PATH=/image/bin"]);
    expect(env).toMatchObject({ OF_HOST: "1", BOTH: "image", PATH: "/image/bin", HOME: "/home/ada" });
    expect(env.LD_LIBRARY_PATH).toBe("/.singularity.d/libs");
    expect(Object.keys(env).filter((name) => /ENV_|%/.test(name))).toEqual([]);
  });

  test("lets what was asked for win", () => {
    const asked = { set: [["BOTH", "mine"]] as const, prependPath: "/first", appendPath: "/last" };
    expect(settle(asked, ["BOTH=image"])).toMatchObject({
      BOTH: "mine",
      PATH: "/first:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/last",
    });
  });

  test("when clean keeps of the host's a terminal and proxies, and speaks C", () => {
    const env = settle({ clean: true }, []);
    expect(env).toMatchObject({ TERM: "xterm", HTTP_PROXY: "p", LANG: "C" });
    expect(env.OF_HOST).toBeUndefined();
    expect(settle({ without: ["OF_HOST"] }, []).OF_HOST).toBeUndefined();
  });

  test("tells the image where it is, under both families' names", () => {
    expect(settle({}, [])).toMatchObject({
      APPTAINER_CONTAINER: "/i/x.sif",
      SINGULARITY_NAME: "x.sif",
      SINGULARITY_BIND: "/a:/b",
      APPTAINER_COMMAND: "exec",
    });
  });
});
