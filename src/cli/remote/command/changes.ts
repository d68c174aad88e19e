import { isVialError } from "#spec";
import { confirm } from "../../ask.ts";
import { reportError } from "../../errors-out.ts";
import { forEach } from "../../for-each.ts";
import { outLine } from "../../print.ts";
import { printSize } from "#spec";
import { readPairs } from "../../container-wish.ts";
import type { Query } from "../engine.ts";
import { printFilters } from "../filters.ts";
import type { RemoteCommand } from "../remote-command.ts";
import type { Flags } from "../../parse.ts";
import { documentOf, documentsOf, numberOf, textOf, textsOf } from "../row.ts";

// Commands that change something on another engine and print its name.

function eachContainer(
  flags: readonly string[],
  method: string,
  path: (name: string) => string,
  query: (flags: Flags) => Query,
): RemoteCommand {
  return {
    flags,
    run: (engine, given, names) =>
      forEach(names, async (name) => {
        await engine.ask(method, path(encodeURIComponent(name)), { query: query(given) });
        return name;
      }),
  };
}

const after = (flags: Flags) => ({
  signal: flags.filled("signal"),
  t: flags.text("timeout") ?? flags.text("time"),
});

export const stop = eachContainer(
  ["signal", "time", "timeout"],
  "POST",
  (name) => `/containers/${name}/stop`,
  after,
);
export const restart = eachContainer(
  ["signal", "time", "timeout"],
  "POST",
  (name) => `/containers/${name}/restart`,
  after,
);
export const pause = eachContainer(
  [],
  "POST",
  (name) => `/containers/${name}/pause`,
  () => ({}),
);
export const unpause = eachContainer(
  [],
  "POST",
  (name) => `/containers/${name}/unpause`,
  () => ({}),
);
export const kill = eachContainer(
  ["signal"],
  "POST",
  (name) => `/containers/${name}/kill`,
  (flags) => ({ signal: flags.filled("signal") ?? "KILL" }),
);
export const volumeRm = eachContainer(
  ["force"],
  "DELETE",
  (name) => `/volumes/${name}`,
  (flags) => ({ force: flags.bool("force") }),
);
export const networkRm = eachContainer(
  ["force"],
  "DELETE",
  (name) => `/networks/${name}`,
  () => ({}),
);

export const rm: RemoteCommand = {
  flags: ["force", "volumes", "link"],
  run: (engine, flags, names) =>
    forEach(names, async (name) => {
      const force = flags.bool("force");
      const query = { force, v: flags.bool("volumes"), link: flags.has("link") && flags.bool("link") };
      try {
        await engine.ask("DELETE", `/containers/${encodeURIComponent(name)}`, { query });
        return name;
      } catch (error) {
        if (!force || !isVialError(error) || error.kind !== "not-found") throw error;
        reportError(error, { debug: false });
        return null;
      }
    }),
};

export const rmi: RemoteCommand = {
  flags: ["force", "no-prune"],
  run: (engine, flags, names) =>
    forEach(names, async (name) => {
      const query = { force: flags.bool("force"), noprune: flags.bool("no-prune") };
      const removed = documentsOf(await engine.ask("DELETE", `/images/${encodeURI(name)}`, { query }));
      for (const entry of removed) {
        if (textOf(entry.Untagged) !== "") outLine(`Untagged: ${textOf(entry.Untagged)}`);
        if (textOf(entry.Deleted) !== "") outLine(`Deleted: ${textOf(entry.Deleted)}`);
      }
      return null;
    }),
};

export const wait: RemoteCommand = {
  flags: [],
  run: (engine, _flags, names) =>
    forEach(
      names,
      async (name) => {
        const answer = await engine.ask("POST", `/containers/${encodeURIComponent(name)}/wait`);
        return String(numberOf(documentOf(answer).StatusCode));
      },
      names.length,
    ),
};

export const rename: RemoteCommand = {
  flags: [],
  async run(engine, _flags, [name = "", wanted = ""]) {
    await engine.ask("POST", `/containers/${encodeURIComponent(name)}/rename`, { query: { name: wanted } });
    return 0;
  },
};

export const volumeCreate: RemoteCommand = {
  flags: ["driver", "label", "opt", "name"],
  async run(engine, flags, [name = ""]) {
    const answer = await engine.ask("POST", "/volumes/create", {
      json: {
        Name: name,
        Driver: flags.filled("driver") ?? "local",
        DriverOpts: readPairs("--opt", flags.list("opt")),
        Labels: readPairs("--label", flags.list("label")),
      },
    });
    outLine(textOf(documentOf(answer).Name));
    return 0;
  },
};

const unused = {
  container: {
    path: "/containers/prune",
    warning: "all stopped containers",
    list: "ContainersDeleted",
    title: "Deleted Containers:",
  },
  network: {
    path: "/networks/prune",
    warning: "all custom networks not used by at least one container",
    list: "NetworksDeleted",
    title: "Deleted Networks:",
  },
  volume: {
    path: "/volumes/prune",
    warning: "anonymous local volumes not used by at least one container",
    list: "VolumesDeleted",
    title: "Deleted Volumes:",
  },
} as const;

export function pruneOf(kind: keyof typeof unused): RemoteCommand {
  const { path, warning, list, title } = unused[kind];
  return {
    flags: kind === "volume" ? ["all", "filter", "force"] : ["filter", "force"],
    async run(engine, flags) {
      if (!flags.bool("force") && !confirm(`WARNING! This will remove ${warning}.`)) return 0;
      const all = kind === "volume" && flags.bool("all") ? ["all=true"] : [];
      const filters = printFilters([...flags.list("filter"), ...all]);
      const answer = documentOf(await engine.ask("POST", path, { query: { filters } }));
      const gone = textsOf(answer[list]);
      if (gone.length > 0) outLine(`${title}\n${gone.join("\n")}\n`);
      if (kind !== "network") outLine(`Total reclaimed space: ${printSize(numberOf(answer.SpaceReclaimed))}`);
      return 0;
    },
  };
}
