import { describe, expect, test } from "bun:test";
import { VialError } from "#spec";
import { filterUnknown, inputNoTerminal, nothingToInspect, optionInvalid } from "../error.ts";
import { dockerSentence } from "./sentence.ts";
import { dockerExitCode } from "./voice.ts";

// The sentences on the right were read off the real client and dockerd. The errors of other rooms are made here as those make
// them; test/docker-personality.test.ts meets the real ones.

const made = (code: string, what: string) => new VialError({ kind: "not-found", code, what });
const containerUnknown = (name: string) =>
  made("container-unknown", `Cannot find the container ${JSON.stringify(name)}`);
const imageUnknown = (name: string) =>
  made("image-unknown", `Cannot find the image "${name}": No such image: ${name}`);

describe("dockerSentence()", () => {
  test.each([
    [containerUnknown("x"), "rm", "Error response from daemon: No such container: x"],
    [containerUnknown('a"b'), "rm", 'Error response from daemon: No such container: a"b'],
    [
      containerUnknown("x"),
      "kill",
      "Error response from daemon: Cannot kill container: x: No such container: x",
    ],
    [imageUnknown("x"), "rmi", "Error response from daemon: No such image: x:latest"],
    [
      imageUnknown("r.example:5000/x"),
      "run",
      "Error response from daemon: No such image: r.example:5000/x:latest",
    ],
    [imageUnknown("x:1"), "tag", "Error response from daemon: No such image: x:1"],
    [imageUnknown("x"), "save", "Error response from daemon: No such image: x"],
    [nothingToInspect("x"), "inspect", "Error: No such object: x"],
    [inputNoTerminal("exec", "-it"), "exec", "the input device is not a TTY"],
    [filterUnknown("foo", ["name"]), "ps", "Error response from daemon: invalid filter 'foo'"],
    [
      made("name-invalid", 'Cannot use "-x" as a container name'),
      "run",
      "Error response from daemon: Invalid container name (-x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
    ],
    [
      made("name-taken", 'Cannot use the name "web": the container 8cfe7c0306e4 has it'),
      "run",
      'Error response from daemon: Conflict. The container name "/web" is already in use by container "8cfe7c0306e4". You have to remove (or rename) that container to be able to reuse that name.',
    ],
    [
      made("image-in-use", 'Cannot remove the image "busybox": the container "web" was made from it'),
      "rmi",
      'Error response from daemon: conflict: unable to remove repository reference "busybox" (must force) - container web is using its referenced image',
    ],
    [
      optionInvalid("--restart", "foo", "it has to be no", "--restart no"),
      "run",
      'invalid argument "foo" for "--restart" flag: it has to be no',
    ],
  ])("%s of %s", (error, verb, text) => {
    expect(dockerSentence(error, verb)).toEqual({ text, isDockers: true });
  });

  test("keeps Vial's words, with the reason, where Docker has none", () => {
    const error = new VialError({ kind: "unavailable", code: "x", what: "Cannot do it", why: "it rains" });
    expect(dockerSentence(error, "ps")).toEqual({
      text: "Error response from daemon: Cannot do it: it rains",
      isDockers: false,
    });
  });
});

test.each([
  ["run", 125],
  ["create", 1],
  ["rm", 1],
])("dockerExitCode() of a failed %s", (verb, code) => {
  expect(dockerExitCode(containerUnknown("x"), verb)).toBe(code);
});
