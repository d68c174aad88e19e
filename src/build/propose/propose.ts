import { proposeApt } from "./apt-txt.ts";
import { proposeEnvironment } from "./environment-yml.ts";
import { proposePackageJson } from "./package-json.ts";
import type { Proposal, ReadFile } from "./proposal.ts";
import { proposePyproject } from "./pyproject-toml.ts";
import { proposeRequirements } from "./requirements-txt.ts";

/** The first that fits is taken: a pyproject.toml says more than a requirements.txt beside it. */
const kinds = [proposePyproject, proposeRequirements, proposeEnvironment, proposePackageJson] as const;

/**
 * A Dockerfile for a folder without a recipe, from what its files say; packages of `apt.txt` come to those of the others.
 * The same files give the same text. Undefined: nothing is known of such a folder.
 */
export function proposeRecipe(read: ReadFile): string | undefined {
  const apt = proposeApt(read);
  let main: Proposal | undefined;
  for (const propose of kinds) {
    main = propose(read);
    if (main !== undefined) break;
  }
  if (main === undefined && apt === undefined) return undefined;
  const packages = [...new Set([...(main?.packages ?? []), ...(apt?.packages ?? [])])].toSorted();
  const sources = [main, apt].flatMap((proposal) => proposal?.from ?? []);
  return `${[
    `# Proposed by \`vial build\` from ${sources.join(" and ")}`,
    "ARG BASE=debian:bookworm",
    "FROM $BASE",
    ...install(packages),
    "WORKDIR /app",
    ...(main?.lines ?? ["COPY . .", 'CMD ["bash"]']),
  ].join("\n")}\n`;
}

/** What apt leaves behind differs from one day to the next, and is of no use in an image. */
function install(packages: readonly string[]): readonly string[] {
  if (packages.length === 0) return [];
  return [
    "RUN apt-get update && \\",
    "    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \\",
    ...packages.map((name) => `      ${name} \\`),
    "    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb \\",
    "      /var/cache/ldconfig/aux-cache /var/log/apt /var/log/*.log",
  ];
}
