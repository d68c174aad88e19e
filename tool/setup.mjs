// What a machine with git, Node and npm alone still lacks: system packages, npm packages (Bun among them), the
// executable. Plain JavaScript on Node's own modules, because it runs before anything else is there.
// Each step looks first and does nothing when there is nothing to do.

import { spawn, spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
export const executable = join(root, "dist/vial");
const bunPath = join(root, "node_modules/.bin/bun");

/** What went wrong, in a sentence for the person, with what to do next. */
export class SetupError extends Error {
  constructor(message, next) {
    super(message);
    this.next = next;
  }
}

/**
 * The programs that Vial itself calls. Read out of the one table of them, which is TypeScript and so cannot be
 * imported here; tool/setup.test.ts holds the two equal.
 */
export function programsOfVial() {
  const table = readFileSync(join(root, "src/host/program/needs.ts"), "utf8");
  const entry = /program: "([^"]+)",\s+package: "([^"]+)",\s+use:\s+"([^"]+)"/g;
  return [...table.matchAll(entry)].map(([, program, name, use]) => ({ program, package: name, use }));
}

/** What the tests need beyond that: peers that judge our work, and tools that make odd situations. */
export const programsOfTests = [
  { program: "docker-registry", package: "docker-registry", use: "is the registry to pull from and push to" },
  { program: "skopeo", package: "skopeo", use: "judges our archives and our store" },
  { program: "umoci", package: "umoci", use: "judges our store and our layers" },
  { program: "runc", package: "runc", use: "is the second runtime" },
  { program: "bwrap", package: "bubblewrap", use: "shuts a test off from devices and the network" },
  { program: "mkfs.erofs", package: "erofs-utils", use: "judges our erofs layers" },
  { program: "setfattr", package: "attr", use: "sets extended attributes for the tests of layers" },
  { program: "busybox", package: "busybox-static", use: "is the small image of the tests" },
  { program: "fuse-overlayfs", package: "fuse-overlayfs", use: "is tested beside the kernel's overlay" },
  { program: "newuidmap", package: "uidmap", use: "lets the tests run as an ordinary user" },
  { program: "gpg", package: "gnupg", use: "judges our signatures" },
  { program: "tmux", package: "tmux", use: "is the terminal of the interactive tests" },
  { program: "docker-compose", package: "docker-compose", use: "brings up an application through our API" },
  { program: "chromium", package: "chromium", use: "looks at a page through a published port" },
  {
    program: "/usr/lib/python3/dist-packages/docker/__init__.py",
    package: "python3-docker",
    use: "speaks to our API",
  },
];

/** Judges that not every distribution has: their tests are skipped where apt does not know the package. */
export const programsOfSomeTests = [
  { program: "siftool", package: "siftool", use: "judges our SIF files" },
  { program: "docker", package: "docker.io", use: "speaks to our API" },
];

/** Those of `entries` whose package apt-cache(8) knows. */
export function knownToApt(entries) {
  return entries.filter(
    (entry) =>
      spawnSync("apt-cache", ["show", "--no-all-versions", entry.package], { stdio: "ignore" }).status === 0,
  );
}

/** The programs, and files by their path, of the list that this machine does not have. Daemons and tools of root are in sbin, often not on PATH. */
export function missingPrograms(list) {
  const folders = [
    ...(process.env.PATH ?? "").split(":"),
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
    "/usr/bin",
    // Where distributions put what podman calls, and nobody by hand.
    "/usr/lib/podman",
    "/usr/libexec/podman",
  ];
  const isExecutable = (path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  };
  return list.filter(({ program }) =>
    program.startsWith("/")
      ? !existsSync(program)
      : !folders.some((folder) => isExecutable(join(folder, program))),
  );
}

/** Runs a program to its end and keeps what it printed; `onLine` sees each line as it comes. Gives { status, text }. */
export function call(program, args, { onLine = () => {}, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["inherit", "pipe", "pipe"], cwd: root, ...options });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream.setEncoding("utf8");
      stream.on("data", (chunk) => {
        text += chunk;
        const lines = (rest + chunk).split(/[\r\n]+/);
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") onLine(line);
      });
    }
    child.on("error", (error) => resolve({ status: 127, text: error.message }));
    child.on("close", (code) => resolve({ status: code ?? 128, text }));
  });
}

/** How commands become root's: directly, through sudo, or not at all. */
function rootPrefix() {
  if (process.getuid() === 0) return [];
  if (missingPrograms([{ program: "sudo" }]).length > 0) return undefined;
  // Without a terminal a question for the password would hang or fail in an unclear way.
  if (process.stdin.isTTY !== true && spawnSync("sudo", ["-n", "true"]).status !== 0) return undefined;
  return ["sudo"];
}

/** Installs the packages of `missing` through apt, or throws a SetupError that says what to do. */
export async function installSystemPackages(missing, onLine) {
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((entry) => entry.package))].sort((a, b) => (a < b ? -1 : 1));
  const byHand = `apt-get update && apt-get install --no-install-recommends ${packages.join(" ")}`;
  if (missingPrograms([{ program: "apt-get" }]).length > 0) {
    throw new SetupError(
      `This machine has no apt, and the programs ${missing.map((entry) => entry.program).join(", ")} are missing`,
      "install them with this machine's own package manager, then run the command again",
    );
  }
  const prefix = rootPrefix();
  if (prefix === undefined) {
    throw new SetupError(
      `Installing ${packages.join(", ")} needs root, and neither root nor sudo without a password is at hand`,
      `as root: ${byHand}`,
    );
  }
  const apt = (...args) => {
    const command = [
      ...prefix,
      "env",
      "DEBIAN_FRONTEND=noninteractive",
      "apt-get",
      "-o",
      "DPkg::Lock::Timeout=120",
      ...args,
    ];
    return call(command[0], command.slice(1), { onLine });
  };
  const updated = await apt("update", "-q");
  // An update that failed may still leave lists good enough to install from: the install decides.
  const complained = updated.status !== 0 || /^(W|E|Err):/m.test(updated.text);
  const installed = await apt("install", "-q", "-y", "--no-install-recommends", ...packages);
  if (installed.status !== 0) {
    throw new SetupError(
      `apt-get cannot install ${packages.join(", ")}:\n${lastLines(installed)}` +
        (complained ? `\nand apt-get update said before:\n${lastLines(updated)}` : ""),
      `mend what apt complains about (the network, /etc/apt/sources.list), then: ${byHand}`,
    );
  }
  const still = missingPrograms(missing);
  if (still.length > 0) {
    throw new SetupError(
      `apt-get was content, and still there is no ${still.map((entry) => `"${entry.program}" (package ${entry.package})`).join(", ")}`,
      "look at what these packages hold on this system with `dpkg -L PACKAGE`",
    );
  }
}

function lastLines(result) {
  const lines = result.text.trim().split(/[\r\n]+/);
  const errors = lines.filter((line) => /^(E:|Err:|W:)|error/i.test(line));
  return (errors.length > 0 ? errors : lines)
    .slice(-6)
    .map((line) => `    ${line}`)
    .join("\n");
}

/** Whether the npm packages are those of package-lock.json and Bun starts. */
export function areNpmPackagesCurrent() {
  const installed = modified(join(root, "node_modules/.package-lock.json"));
  return installed >= modified(join(root, "package-lock.json")) && installed > 0 && findBun() !== undefined;
}

/**
 * `npm install` with the lock file, not `npm ci`: with addresses left out of the lock file (.npmrc), npm 11 calls every
 * optional package of another platform missing and `npm ci` refuses. Versions and hashes are those of the lock
 * file in both, and --no-save leaves that file as it is.
 */
export async function installNpmPackages(onLine) {
  const result = await call("npm", ["install", "--no-save", "--no-fund", "--no-audit"], { onLine });
  if (result.status === 127) throw new SetupError("npm cannot be started", "install npm, it comes with Node");
  if (result.status !== 0) {
    throw new SetupError(
      `npm cannot install the packages:\n${lastLines(result)}`,
      "mend what npm complains about (the network, `npm config get registry`), then run the command again",
    );
  }
  bun();
  // npm leaves its own mark as it was when there was nothing to do; the next run compares the times.
  const now = new Date();
  utimesSync(join(root, "node_modules/.package-lock.json"), now, now);
}

/** The path of the Bun that npm brought. */
export function bun() {
  const path = findBun();
  if (path !== undefined) return path;
  throw new SetupError(
    `Bun does not start (${relative(root, bunPath)}); it needs Linux with glibc 2.17 and a processor with SSE4.2`,
    "delete node_modules and run the command again",
  );
}

function findBun() {
  if (doesBunStart(bunPath)) return bunPath;
  // Where npm runs no install scripts, the binary is still in the platform's own package.
  const platforms = join(root, "node_modules/@oven");
  for (const platform of existsSync(platforms) ? readdirSync(platforms) : []) {
    const path = join(platforms, platform, "bin/bun");
    if (!existsSync(path)) continue;
    chmodSync(path, 0o755);
    if (doesBunStart(path)) return path;
  }
  return undefined;
}

function doesBunStart(path) {
  return existsSync(path) && spawnSync(path, ["--version"], { encoding: "utf8" }).status === 0;
}

/** Whether dist/vial is as new as everything it is made of. */
export function isExecutableCurrent() {
  const built = modified(executable);
  const sources = ["package.json", "package-lock.json", "tsconfig.json", "tool/build.ts"].map((name) =>
    join(root, name),
  );
  return built > 0 && ![...sources, ...files(join(root, "src"))].some((path) => modified(path) > built);
}

export async function compile(onLine) {
  const result = await call(bun(), [join(root, "tool/build.ts")], { onLine });
  if (result.status !== 0) {
    throw new SetupError(
      `The executable cannot be compiled:\n${lastLines(result)}`,
      "look at the whole output of `npm run build`",
    );
  }
}

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path);
    return entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts") ? [path] : [];
  });
}

function modified(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/** Ends the program with the sentence of a SetupError, or with the bug itself. */
export function fail(error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`\n${error.message}\n  next: ${error.next}`);
  process.exit(1);
}
