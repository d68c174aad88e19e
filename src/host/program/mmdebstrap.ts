import { needProgram } from "../run.ts";

// mmdebstrap(1): a Debian or Ubuntu root file system from packages, as a tar stream.

export interface MmdebstrapWish {
  readonly suite: string;
  readonly variant: "minbase" | "apt" | "essential";
  readonly include: readonly string[];
  /**
   * `root`: as root. `unshare`: as an ordinary user, by the ranges of /etc/subuid. `fakechroot`: as a user who has one id, by
   * fakechroot(1) and fakeroot(1), which remember the owners for the tar.
   */
  readonly mode: "root" | "unshare" | "fakechroot";
  /** Shell commands; `"$1"` is the root file system. Before apt runs, and after all packages are in. */
  readonly setupHooks: readonly string[];
  readonly customizeHooks: readonly string[];
}

/** The sources come on standard input and the tar leaves by standard output, so that no password is seen in a process list. */
export function mmdebstrapArgs(wish: MmdebstrapWish): string[] {
  return [
    `--variant=${wish.variant}`,
    `--mode=${wish.mode}`,
    "--format=tar",
    "--verbose",
    ...(wish.include.length === 0 ? [] : [`--include=${wish.include.join(",")}`]),
    ...wish.setupHooks.map((hook) => `--setup-hook=${hook}`),
    ...wish.customizeHooks.map((hook) => `--customize-hook=${hook}`),
    "--",
    wish.suite,
    "-",
    "-",
  ];
}

/** fakechroot is for those who are not root, as which a build runs in its user namespace: there is another one inside. */
function notRootWords({ mode }: MmdebstrapWish): readonly string[] {
  if (mode !== "fakechroot" || process.getuid?.() !== 0) return [];
  return [needProgram("unshare"), "--map-user=1000", "--map-group=1000", "--"];
}

/** fakeroot asks the kernel first and minds EPERM alone; where an id is not mapped, the answer is EINVAL (chown(2)). */
function fakerootEnv({ mode }: MmdebstrapWish): Readonly<Record<string, string>> {
  return mode === "fakechroot" ? { FAKEROOTDONTTRYCHOWN: "1" } : {};
}

export interface MmdebstrapRun {
  /** The tar stream; ends early when the program fails. */
  readonly tar: AsyncIterable<Uint8Array>;
  /** When the program has ended. */
  readonly ended: Promise<{ readonly exitCode: number; readonly said: string }>;
}

/** Starts the program; `onLine` sees each line of its messages. */
export function startMmdebstrap(
  wish: MmdebstrapWish,
  options: {
    readonly sources: string;
    readonly env: Readonly<Record<string, string>>;
    readonly onLine: (line: string) => void;
  },
): MmdebstrapRun {
  const program = needProgram("mmdebstrap");
  if (wish.mode === "fakechroot") for (const name of ["fakechroot", "fakeroot"]) needProgram(name);
  const child = Bun.spawn([...notRootWords(wish), program, ...mmdebstrapArgs(wish)], {
    env: { ...process.env, LC_ALL: "C.UTF-8", ...fakerootEnv(wish), ...options.env },
    stdin: Buffer.from(options.sources),
    stdout: "pipe",
    stderr: "pipe",
  });
  const said: string[] = [];
  const read = async () => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(/[\r\n]+/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        options.onLine(line);
        said.push(line);
        if (said.length > 200) said.shift();
      }
    }
    if (rest !== "") said.push(rest);
  };
  const ended = Promise.all([child.exited, read()]).then(([exitCode]) => ({
    exitCode,
    said: said.join("\n"),
  }));
  return { tar: child.stdout, ended };
}

export type MmdebstrapPhase =
  | "update"
  | "download"
  | "extract"
  | "essential"
  | "install"
  | "customize"
  | "pack";

const phases: readonly (readonly [RegExp, MmdebstrapPhase])[] = [
  [/^I: running apt-get update/, "update"],
  [/^I: downloading packages/, "download"],
  [/^I: extracting archives/, "extract"],
  [/^I: installing essential/, "essential"],
  [/^I: installing remaining/, "install"],
  [/^I: (?:running --customize-hook|cleaning package lists)/, "customize"],
  [/^I: creating tarball/, "pack"],
];

export type MmdebstrapEvent =
  | { readonly kind: "phase"; readonly phase: MmdebstrapPhase }
  /** So many packages will be installed. */
  | { readonly kind: "packages"; readonly count: number }
  /** One more package is downloaded or configured. */
  | { readonly kind: "downloaded" }
  | { readonly kind: "configured" };

/** What a line of `--verbose` tells about the progress. */
export function parseMmdebstrapLine(line: string): MmdebstrapEvent | undefined {
  const phase = phases.find(([pattern]) => pattern.test(line))?.[1];
  if (phase !== undefined) return { kind: "phase", phase };
  const count = /^\d+ upgraded, (\d+) newly installed/.exec(line)?.[1];
  if (count !== undefined) return { kind: "packages", count: Number(count) };
  if (/^Get:\d+ /.test(line)) return { kind: "downloaded" };
  return line.startsWith("Setting up ") ? { kind: "configured" } : undefined;
}
