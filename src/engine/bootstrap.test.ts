import { describe, expect, test } from "bun:test";
import type { AptSource } from "#host";
import { chooseSources, defaultNames } from "./bootstrap.ts";

function source(uri: string, suite: string, more: Partial<AptSource> = {}): AptSource {
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  return { uri, suite, components: ["main"], signedBy: keyring, trusted: false, architectures: [], ...more };
}

const machine = [
  source("http://m.example/debian", "bookworm"),
  source("http://m.example/debian", "bookworm-updates"),
  source("http://m.example/debian", "bookworm-backports"),
  source("http://m.example/debian-security", "bookworm-security"),
  source("https://tools.example", "bookworm", { signedBy: "/usr/share/keyrings/tools-archive.gpg" }),
  source("https://cloud.example", "cloud-bookworm", { signedBy: undefined }),
  source("https://engine.example", "bookworm", { components: ["stable"] }),
];
const shown = (sources: readonly AptSource[]) => sources.map(({ uri, suite }) => `${uri} ${suite}`);

describe("chooseSources()", () => {
  test("takes the distribution's own sources, with updates and security, and nobody else's", () => {
    expect(shown(chooseSources(machine, "bookworm", "bookworm"))).toEqual([
      "http://m.example/debian bookworm",
      "http://m.example/debian bookworm-updates",
      "http://m.example/debian-security bookworm-security",
    ]);
  });

  test("turns them into those of another suite", () => {
    expect(shown(chooseSources(machine, "bookworm", "trixie"))).toEqual([
      "http://m.example/debian trixie",
      "http://m.example/debian trixie-updates",
      "http://m.example/debian-security trixie-security",
    ]);
    expect(shown(chooseSources(machine, "bookworm", "sid"))).toEqual(["http://m.example/debian sid"]);
  });

  test("knows machines that name their suite stable", () => {
    const stable = [
      source("http://m.example/debian/", "stable"),
      source("http://m.example/debian", "bookworm"),
    ];
    expect(shown(chooseSources(stable, "bookworm", "bookworm"))).toEqual([
      "http://m.example/debian/ bookworm",
    ]);
  });

  test("reads Ubuntu's", () => {
    const keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg";
    const ubuntu = [
      source("http://u.example/ubuntu", "noble", { signedBy: keyring, components: ["main", "universe"] }),
      source("http://u.example/ubuntu", "noble-security", {
        signedBy: keyring,
        components: ["main", "universe"],
      }),
    ];
    expect(shown(chooseSources(ubuntu, "noble", "noble"))).toEqual([
      "http://u.example/ubuntu noble",
      "http://u.example/ubuntu noble-security",
    ]);
  });
});

describe("defaultNames()", () => {
  test("are the suite and latest", () => {
    expect(defaultNames("debian", "bookworm")).toEqual(["debian:bookworm", "debian:latest"]);
  });
});
