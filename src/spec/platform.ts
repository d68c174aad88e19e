import { platformInvalid } from "./error-list.ts";

/** The platform of an image (image-spec, image-index.md). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly "os.version"?: string;
}

const architectureOf: Readonly<Record<string, Platform>> = {
  x64: { os: "linux", architecture: "amd64" },
  amd64: { os: "linux", architecture: "amd64" },
  x86_64: { os: "linux", architecture: "amd64" },
  "x86-64": { os: "linux", architecture: "amd64" },
  i386: { os: "linux", architecture: "386" },
  ia32: { os: "linux", architecture: "386" },
  arm64: { os: "linux", architecture: "arm64", variant: "v8" },
  aarch64: { os: "linux", architecture: "arm64", variant: "v8" },
  arm: { os: "linux", architecture: "arm", variant: "v7" },
  armhf: { os: "linux", architecture: "arm", variant: "v7" },
  armel: { os: "linux", architecture: "arm", variant: "v6" },
};

const otherArchitectures: ReadonlySet<string> = new Set([
  "386",
  "loong64",
  "mips",
  "mipsle",
  "mips64",
  "mips64le",
  "ppc64",
  "ppc64le",
  "riscv64",
  "s390x",
  "wasm",
]);

/** The platform of this machine. */
export function hostPlatform(): Platform {
  return architectureOf[process.arch] ?? { os: "linux", architecture: process.arch };
}

/** Parses `os/arch[/variant]`, `arch`, or `os` as containerd's platforms package does. */
export function parsePlatform(text: string): Platform {
  const parts = text.split("/");
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part))) throw platformInvalid(text);
  const [first, second, third] = parts.map((part) => part.toLowerCase());
  if (second === undefined) {
    if (first === "linux") return hostPlatform();
    const known = architectureOf[first ?? ""];
    if (known !== undefined) return known;
    // Only what Go has names for: a slip would be a platform that nothing is built for.
    if (!otherArchitectures.has(first ?? "")) throw platformInvalid(text);
    return { os: "linux", architecture: first ?? "" };
  }
  const known = architectureOf[second];
  const architecture = known?.architecture ?? second;
  const variant = third ?? (known === undefined ? undefined : known.variant);
  return { os: first ?? "", architecture, ...(variant === undefined ? {} : { variant }) };
}

export function printPlatform(platform: Platform): string {
  const base = `${platform.os}/${platform.architecture}`;
  const variant = platform.variant;
  if (variant === undefined || variant === "" || (platform.architecture === "arm64" && variant === "v8"))
    return base;
  return `${base}/${variant}`;
}

const armOrder = ["v5", "v6", "v7", "v8"];

/**
 * How well an image of platform `have` serves `want`: 0 not at all, more is better.
 * A newer arm runs images of older variants; arm64 without a variant is v8.
 */
export function platformScore(have: Platform, want: Platform): number {
  if (have.os !== want.os || have.architecture !== want.architecture) return 0;
  const normal = (p: Platform) =>
    p.variant ?? (p.architecture === "arm64" ? "v8" : p.architecture === "arm" ? "v7" : "");
  const [h, w] = [normal(have), normal(want)];
  if (h === w) return 100;
  if (want.architecture === "arm") {
    const distance = armOrder.indexOf(w) - armOrder.indexOf(h);
    return armOrder.includes(h) && distance > 0 ? 100 - distance : 0;
  }
  if (want.architecture === "amd64") return h === "" || h === "v1" ? 50 : 0;
  return h === "" ? 50 : 0;
}
