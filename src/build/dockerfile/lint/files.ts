import { trimEnd } from "../white-space.ts";
import { allOf, type LintRule, stageNamed } from "./rule.ts";

export const copyIgnoredFile: LintRule = {
  name: "CopyIgnoredFile",
  sentence: "Copy nothing that .dockerignore leaves out of the context",
  optional: true,
  check: (input) => {
    const { ignore } = input;
    if (ignore === undefined) return [];
    return allOf(input, "copy", "add").flatMap((one) => {
      if (one.kind === "copy" && one.from !== undefined) return [];
      return one.sources.filter(isPlainPath).flatMap((source) => {
        const path = trimEnd(source.replace(/^(?:\.?\/)+/, ""), (char) => char === "/");
        if (path === "" || path === "." || !ignore.stateOf(path).skippable) return [];
        return [{ where: one.range, text: `"${source}" is left out by .dockerignore` }];
      });
    });
  },
};

const archive = /\.(?:tar|tgz|tbz2?|txz|tzst|tar\.\w+)$/i;

export const addInsteadOfCopy: LintRule = {
  name: "AddInsteadOfCopy",
  sentence: "Use COPY for files of the context: ADD also fetches and unpacks",
  check: (input) =>
    allOf(input, "add").flatMap((one) => {
      const plain = one.sources.every((source) => isPlainPath(source) && !archive.test(source));
      return plain && one.unpack === undefined
        ? [{ where: one.range, text: "COPY does the same without surprises" }]
        : [];
    }),
};

export const remoteAddUnpinned: LintRule = {
  name: "RemoteAddUnpinned",
  sentence: "Give an ADD of an address its --checksum",
  check: (input) =>
    allOf(input, "add").flatMap((one) =>
      one.checksum === undefined &&
      one.sources.some((source) => /^https?:\/\/(?!.*\.git(?:#|$))/i.test(source))
        ? [{ where: one.range, text: "What stands at the address may be another file tomorrow" }]
        : [],
    ),
};

export const workdirRelativePath: LintRule = {
  name: "WorkdirRelativePath",
  sentence: "Begin with an absolute WORKDIR: what a relative one means is up to the image below",
  check: (input) => {
    const absolute: boolean[] = [];
    return input.stages.flatMap((stage, index) => {
      let known = absolute[stageNamed(input, stage.from.image, index)] ?? false;
      const found = stage.instructions.flatMap((one) => {
        if (one.kind !== "workdir") return [];
        const relative = !/^["']?[/$]/.test(one.path);
        const remark = relative && !known ? [{ where: one.range, text: `"${one.path}" is relative` }] : [];
        known ||= !relative;
        return remark;
      });
      absolute[index] = known;
      return found;
    });
  },
};

/** No pattern, no variable, no address. */
function isPlainPath(source: string): boolean {
  return !/[$*?[\\]/.test(source) && !source.includes("://") && !source.startsWith("git@");
}
