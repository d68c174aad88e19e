import { fstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import {
  attachAt,
  becomeRoot,
  cloneTree,
  type DetachedMount,
  inUserNamespace,
  makeMount,
  mountAttribute,
  openFlag,
  openInside,
} from "#host";
import { isVialError, reasonOf, type VialError } from "#spec";
import { CoveredPaths } from "./covered-paths.ts";
import { bindRefused, bindSourceMissing, hpcTargetRefused, imageHostile } from "./error.ts";
import { makeInside, TopFolder } from "./mount-point.ts";
import { layRoot } from "./overlay-root.ts";
import type { MountStep } from "./plan.ts";
import type { HpcWish } from "./wish.ts";

// Carries a plan of mounts out. All of it happens in a mount namespace of our own:
//
//   session   a small tmpfs, laid over "/" so that it needs no place of the host. Paths still go to the host's files, for a
//             path begins at the root of the process, not at what is mounted on it; the session is reached by descriptor
//     image   the image's root file system
//     top     mount points that the image lacks
//     files   texts that are mounted over files of the image
//     root    the image with `top` laid over it, where that is not empty
//
// With pivot_root everything but the root is let go.

const { nosuid, nodev } = mountAttribute;

export class Session {
  readonly #session: DetachedMount;
  readonly #image: DetachedMount;
  readonly #wish: HpcWish;
  readonly #warn: (sentence: string) => void;
  readonly #sources = new Map<MountStep, DetachedMount>();
  /** What is mounted. File systems in memory are told apart: those may be written into. */
  readonly #mounted = new CoveredPaths<"ours" | "host">();

  /** Begins with the image's root file system. This process is in a mount namespace of its own. */
  constructor(image: DetachedMount, wish: HpcWish, warn: (sentence: string) => void) {
    this.#image = image;
    this.#wish = wish;
    this.#warn = warn;
    this.#session = makeMount(
      "tmpfs",
      [
        // An upper layer in memory has what the machine allows; empty folders need next to nothing.
        ...(wish.root === "writable-tmpfs" ? [] : ([["size", "64m"]] as const)),
        ["mode", "0755"],
      ],
      nosuid | nodev,
    );
    this.#session.attach("/");
    for (const name of ["image", "top", "files", "root", "work"])
      mkdirSync(this.#path(name), { mode: 0o755 });
    image.attach(this.#path("image"));
  }

  #path(name: string): string {
    return `${this.#session.path}/${name}`;
  }

  /** The image's root, to look into before the plan is made. */
  get image(): number {
    return this.#image.fd;
  }

  /** Hangs the plan in, and makes it the root of this process. */
  enter(steps: readonly MountStep[]): void {
    for (const step of steps) this.#attempt(step, () => this.#take(step));
    const top = new TopFolder(this.image, this.#path("top"), !inUserNamespace());
    const earlier = new CoveredPaths<true>();
    for (const step of steps) {
      if (!this.#sources.has(step)) continue;
      if (["/proc", "/sys", "/dev"].includes(step.target)) refuseOddFolder(this.image, step.target);
      if (this.#wish.root !== "writable")
        this.#attempt(step, () => top.provide(step.target, this.#kindOf(step), earlier));
      earlier.add(step.target, true);
    }
    const paths = {
      image: this.#path("image"),
      top: this.#path("top"),
      work: this.#path("work"),
      session: this.#session.path,
    };
    const root = layRoot(this.#wish, paths, top.isEmpty) ?? this.#image;
    if (root !== this.#image) root.attach(this.#path("root"));
    for (const step of steps) this.#attempt(step, () => this.#hang(root.fd, step));
    becomeRoot(root.fd);
    for (const mount of new Set([...this.#sources.values(), root, this.#image, this.#session]))
      mount[Symbol.dispose]();
  }

  /** What the profile brings by itself is left out where it cannot be had; what was asked for is had, or nothing. */
  #attempt(step: MountStep, act: () => void): void {
    try {
      act();
    } catch (error) {
      const refused: VialError = isVialError(error) ? error : bindRefused(step.target, error);
      if (step.origin === "asked") throw refused;
      this.#sources.delete(step);
      if (step.kind !== "cwd" && refused.code !== "bind-source-missing")
        this.#warn(`"${step.target}" of the host is not in the container: ${refused.why ?? refused.message}`);
    }
  }

  /** Takes hold of what will be mounted, while the host's paths still lead there. */
  #take(step: MountStep): void {
    if (step.kind === "link") return;
    this.#sources.set(step, this.#open(step));
  }

  #open(step: Exclude<MountStep, { readonly kind: "link" }>): DetachedMount {
    switch (step.kind) {
      case "bind":
        if (step.make !== undefined) mkdirSync(step.source, { recursive: true, mode: step.make });
        return clone(step.source, step.attributes);
      case "cwd":
        return clone(step.source, ["nosuid", "nodev"]);
      case "file": {
        const path = this.#path(`files/${this.#sources.size}`);
        writeFileSync(path, step.content, { mode: step.mode });
        return cloneTree(path, [
          "nosuid",
          "nodev",
          ...(this.#wish.root === "read-only" ? (["readonly"] as const) : []),
        ]);
      }
      case "tmpfs":
        return makeMount("tmpfs", [["mode", step.mode.toString(8)]], nosuid | nodev);
      case "devpts":
        return makeMount(
          "devpts",
          [
            ["newinstance", null],
            ["ptmxmode", "0666"],
            ["mode", "620"],
          ],
          nosuid,
        );
      case "proc":
      case "sysfs":
      case "mqueue":
        return makeMount(step.kind, [], nosuid | nodev);
      default:
        return step satisfies never;
    }
  }

  #kindOf(step: MountStep): "folder" | "file" {
    const source = this.#sources.get(step);
    return source === undefined || statSync(source.path).isDirectory() ? "folder" : "file";
  }

  #hang(root: number, step: MountStep): void {
    if (step.kind === "link") {
      const parent = step.target.slice(0, step.target.lastIndexOf("/"));
      if (this.#isOurs(parent)) {
        using folder = openInside(root, parent, openFlag.path | openFlag.directory);
        symlinkSync(step.text, `${folder.path}/${step.target.slice(parent.length + 1)}`);
      }
      return;
    }
    const source = this.#sources.get(step);
    if (source === undefined) return;
    using target = this.#openTarget(root, step);
    const [there, here] = [fstatSync(target.fd), statSync(source.path)];
    if (step.kind === "cwd" && there.dev === here.dev && there.ino === here.ino) return;
    if (there.isDirectory() !== here.isDirectory())
      throw hpcTargetRefused(
        step.target,
        here.isDirectory() ? "a folder cannot be mounted on a file" : "a file cannot be mounted on a folder",
      );
    attachAt(source, target.fd);
    this.#mounted.add(step.target, step.kind === "tmpfs" ? "ours" : "host");
  }

  /** Within a file system in memory that an earlier step has mounted, what is missing is made. */
  #openTarget(root: number, step: MountStep) {
    try {
      return openInside(root, step.target, openFlag.path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT") throw hpcTargetRefused(step.target, reasonOf(error));
      if (!this.#isOurs(step.target))
        throw hpcTargetRefused(
          step.target,
          this.#wish.root === "writable"
            ? "the image has no such path, and with --writable none is made"
            : "it lies in a folder of the host that has no such entry",
        );
      makeInside(root, step.target, this.#kindOf(step));
      return openInside(root, step.target, openFlag.path);
    }
  }

  #isOurs(path: string): boolean {
    return this.#mounted.lastOver(path) === "ours";
  }
}

function clone(path: string, attributes: Parameters<typeof cloneTree>[1]): DetachedMount {
  try {
    return cloneTree(path, attributes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "ENOENT" ? bindSourceMissing(path) : bindRefused(path, error);
  }
}

/** Where the kernel's file systems go, an image may have a folder or nothing. */
function refuseOddFolder(image: number, path: string): void {
  try {
    using folder = openInside(image, path, openFlag.path | openFlag.noFollow, { links: "refuse" });
    if (!fstatSync(folder.fd).isDirectory()) throw imageHostile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ELOOP" || code === "ENOTDIR") throw imageHostile(path);
    if (code !== "ENOENT") throw error;
  }
}
