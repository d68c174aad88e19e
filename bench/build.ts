// What builds cost: a Dockerfile of twelve instructions without a network, cold and from the cache, a context of 20,000
// files with one changed, and COPY of one large file, beside what the machine has for each.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
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
  const able = tools.flatMap(buildersOf).filter((tool) => {
    try {
      time(buildCommand(tool, "bench-build", context), tool.env);
      return true;
    } catch (error) {
      refused.push(`${tool.name} build: ${(error as Error).message.slice(0, 200)}`);
      return false;
    }
  });
  const cold = interleave(
    commands(able, (tool) => buildCommand(tool, "bench-build", context, "--no-cache")),
    rounds,
  );
  const warm = interleave(
    commands(able, (tool) => buildCommand(tool, "bench-build", context)),
    rounds,
  );
  return {
    rows: [
      comparison("build of 12 instructions, cold", cold, { buildkit: 2, docker: 4, podman: 6 }),
      cachedRow(warm),
      ...manyFilesRows(able, folder),
      ...largeFileRows(able, folder),
    ],
    refused,
  };
}

type Builder = Pick<Competitor, "name" | "words" | "env">;

/**
 * dockerd has two builders: the classic one, and BuildKit. Newer command lines reach BuildKit by the plugin buildx alone,
 * those before 23 by themselves: Debian's own is such a one.
 */
function buildersOf(tool: Competitor): readonly Builder[] {
  if (tool.name !== "docker") return [tool];
  const [, ...rest] = tool.words;
  const client = existsSync("/usr/bin/docker") ? "/usr/bin/docker" : "docker";
  return [
    { ...tool, env: { ...tool.env, DOCKER_BUILDKIT: "0" } },
    { name: "buildkit", words: [client, ...rest], env: { ...tool.env, DOCKER_BUILDKIT: "1" } },
  ];
}

/** BuildKit has no network on a dockerd without a bridge, and is told so; the recipes need none. */
function buildCommand(
  tool: Builder,
  tag: string,
  context: string,
  ...flags: readonly string[]
): readonly string[] {
  const network = tool.name === "buildkit" ? ["--network", "none"] : [];
  return [...tool.words, "build", ...network, ...flags, "-t", tag, context];
}

function commands(
  tools: readonly Builder[],
  words: (tool: Builder) => readonly string[],
): ReadonlyMap<string, () => number> {
  return new Map(tools.map((tool) => [tool.name, () => time(words(tool), tool.env)]));
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
      const names: Readonly<Record<string, string>> = {
        buildkit: "docker with BuildKit",
        docker: "docker's classic builder",
      };
      const text = `at least ${goal} x faster than ${names[name] ?? name}`;
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
function manyFilesRows(tools: readonly Builder[], folder: string): readonly Row[] {
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
  time(buildCommand(vial, "bench-many", context), vial.env);
  const samples = interleave(
    new Map([
      ["tar of the folder", () => time(["tar", "-cf", "/dev/null", "-C", context, "."])],
      ...tools.map((tool): [string, () => number] => [
        tool.name,
        () => {
          change();
          return time(buildCommand(tool, "bench-many", context), tool.env);
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

function largeFileRows(tools: readonly Builder[], folder: string): readonly Row[] {
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
      ...commands(tools, (tool) => buildCommand(tool, "bench-large", context, "--no-cache")),
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
