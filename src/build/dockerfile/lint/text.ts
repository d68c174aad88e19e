import { allOf, type LintRule } from "./rule.ts";

export const noEmptyContinuation: LintRule = {
  name: "NoEmptyContinuation",
  sentence: "Leave no empty lines between continued lines",
  check: ({ dockerfile: { file, instructions } }) =>
    instructions.flatMap((one) =>
      one.gaps.slice(0, 1).map((line) => ({
        where: { file, from: line, to: line },
        text: "An empty line stands between continued ones",
      })),
    ),
};

export const maintainerDeprecated: LintRule = {
  name: "MaintainerDeprecated",
  sentence: "Use a label instead of MAINTAINER",
  check: (input) =>
    allOf(input, "maintainer").map((one) => ({
      where: one.range,
      text: `LABEL org.opencontainers.image.authors=${JSON.stringify(one.name)} is what tools read`,
    })),
};

export const exposeInvalidFormat: LintRule = {
  name: "ExposeInvalidFormat",
  sentence: "Expose a port and nothing else: addresses and ports of the host belong to `run -p`",
  check: (input) =>
    allOf(input, "expose").flatMap((one) =>
      one.ports
        .filter((port) => !port.includes("$") && port.includes(":"))
        .map((port) => ({ where: one.range, text: `"${port}" names more than a port of the container` })),
    ),
};

export const invalidDefinitionDescription: LintRule = {
  name: "InvalidDefinitionDescription",
  sentence: "Begin a comment right above an ARG or a named FROM with its name",
  optional: true,
  check: ({ dockerfile }) =>
    dockerfile.instructions.flatMap((one) => {
      const named =
        one.kind === "from" ? [one.name ?? ""] : one.kind === "arg" ? one.args.map((arg) => arg.name) : [];
      const names = named.filter((name) => name !== "");
      const word = one.comments.at(-1)?.split(" ")[0];
      if (names.length === 0 || word === undefined || names.includes(word)) return [];
      return [
        { where: one.range, text: `The comment above describes "${word}", not "${names.join('" or "')}"` },
      ];
    }),
};
