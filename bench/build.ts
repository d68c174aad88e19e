// What builds cost: a Dockerfile of twelve instructions without a network, cold and from the cache, a context of 20,000
// files with one changed, and COPY of one large file, beside what the machine has for each.

import { mkdirSync, writeFileSync } from "node:fs";
import type { Competitor } from "./competitor.ts";
import { interleave, median, ratio, type Sample, time } from "./measure.ts";
import { type Row, short } from "./report.ts";

const recipe = `FROM busybox
ENV A=1
ARG B=2
WORKDIR /app
COPY one one
RUN mkdir -p out && cat one > out/one
COPY two two
RUN cat two one > out/two
LABEL c=3
RUN ls -la out > out/list
COPY three /three
CMD ["sh"]
`;

export interface BuildRows {
  readonly rows: readonly Row[];
  readonly refused: readonly string[];
}

/** Measures builds; tools that cannot build here are named in \`refused\`. */
export function buildRows(tools: readonly Competitor[], folder: string, rounds: number): BuildRows {
  const context = `${folder}/twelve`;
  mkdirSync(context, { recursive: true });
  writeFileSync(`${context}/Dockerfile`, recipe);
  for (const name of ["one", "two", "three"]) writeFileSync(`${context}/${name}`, `${name}\n`.repeat(100));
  const refused: string[] = [];
  const able = tools.filter((tool) => {
    try {
      time([...tool.words, "build", "-t", "bench-build", context], buildEnv(tool));
      return true;
    } catch (error) {
      refused.push(`${tool.name} build: ${(error as Error).message.slice(0, 200)}`);
      return false;
    }
  });
  const cold = interleave(
    commands(able, (tool) => [...tool.words, "build", "--no-cache", "-t", "bench-build", context]),
    rounds,
  );
  const warm = interleave(
    commands(able, (tool) => [...tool.words, "build", "-t", "bench-build", context]),
    rounds,
  );
  return {
    rows: [
      comparison("build of 12 instructions, cold", cold, { docker: 4, podman: 6 }),
      cachedRow(warm),
      ...manyFilesRows(able, folder),
      ...largeFileRows(able, folder),
    ],
    refused,
  };
}

/** dockerd without buildx builds by its classic builder. */
function buildEnv(tool: Competitor): Readonly<Record<string, string>> {
  return tool.name === "docker" ? { ...tool.env, DOCKER_BUILDKIT: "0" } : tool.env;
}

function commands(
  tools: readonly Competitor[],
  words: (tool: Competitor) => readonly string[],
): ReadonlyMap<string, () => number> {
  return new Map(tools.map((tool) => [tool.name, () => time(words(tool), buildEnv(tool))]));
}

function find(samples: readonly Sample[], name: string): Sample | undefined {
  return samples.find((sample) => sample.name === name);
}

function comparison(title: string, samples: readonly Sample[], goals: Readonly<Record<string, number>>): Row {
  const own = find(samples, "vial");
  return {
    title,
    unit: "ms",
    samples,
    goals: Object.entries(goals).flatMap(([name, goal]) => {
      const factor = ratio(find(samples, name), own);
      if (factor === undefined) return [];
      const text = `at least ${goal} x faster than ${name === "docker" ? "docker's classic builder" : name}`;
      return [{ text, measured: `${factor.toFixed(1)} x`, met: factor >= goal }];
    }),
  };
}

function cachedRow(samples: readonly Sample[]): Row {
  const own = median(find(samples, "vial")?.values ?? []);
  return {
    title: "the same, all cached",
    unit: "ms",
    samples,
    goals: [{ text: "under 60 ms", measured: `${short(own)} ms`, met: own < 60 }],
  };
}

/** One file of 20,000 changes before each build. */
function manyFilesRows(tools: readonly Competitor[], folder: string): readonly Row[] {
  const context = `${folder}/many`;
  for (let group = 0; group < 200; group++) {
    mkdirSync(`${context}/${group}`, { recursive: true });
    for (let file = 0; file < 100; file++)
      writeFileSync(`${context}/${group}/${file}`, `${group} ${file}\n`.repeat(20));
  }
  writeFileSync(`${context}/Dockerfile`, "FROM busybox\nCOPY 7 /seven\n");
  const vial = tools.find((tool) => tool.name === "vial");
  if (vial === undefined) return [];
  let count = 0;
  const change = () => writeFileSync(`${context}/7/7`, `changed ${count++}\n`);
  // Without a file that is too new to be trusted by its times.
  Bun.sleepSync(2500);
  time([...vial.words, "build", "-t", "bench-many", context], vial.env);
  const samples = interleave(
    new Map([
      ["tar of the folder", () => time(["tar", "-cf", "/dev/null", "-C", context, "."])],
      ...tools.map((tool): [string, () => number] => [
        tool.name,
        () => {
          change();
          return time([...tool.words, "build", "-t", "bench-many", context], buildEnv(tool));
        },
      ]),
    ]),
    3,
  );
  const [own, tar] = ["vial", "tar of the folder"].map((name) => median(find(samples, name)?.values ?? []));
  const beyond = (own ?? 0) - (tar ?? 0);
  return [
    {
      title: "context of 20,000 files, one changed",
      unit: "ms",
      samples,
      goals: [
        {
          text: "at most tar of the folder plus 100 ms",
          measured: `plus ${short(beyond)} ms`,
          met: beyond <= 100,
        },
      ],
    },
  ];
}

function largeFileRows(tools: readonly Competitor[], folder: string): readonly Row[] {
  const context = `${folder}/large`;
  mkdirSync(context, { recursive: true });
  writeFileSync(`${context}/Dockerfile`, "FROM busybox\nCOPY large /large\n");
  time(["dd", "if=/dev/urandom", `of=${context}/large`, "bs=1M", "count=1024"]);
  const copy = `${folder}/large-copy`;
  const samples = interleave(
    new Map([
      [
        "cp and sha256sum",
        () => time(["sh", "-c", `cp ${context}/large ${copy} && sha256sum ${copy} && rm ${copy}`]),
      ],
      ...commands(tools, (tool) => [...tool.words, "build", "--no-cache", "-t", "bench-large", context]),
    ]),
    2,
  );
  const factor = ratio(find(samples, "vial"), find(samples, "cp and sha256sum")) ?? Number.NaN;
  return [
    {
      title: "COPY of a file of 1 GiB",
      unit: "ms",
      samples,
      goals: [
        {
          text: "at most 1.5 x cp and sha256sum of it",
          measured: `${factor.toFixed(2)} x`,
          met: factor <= 1.5,
        },
      ],
    },
  ];
}
