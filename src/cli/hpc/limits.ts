import { statSync } from "node:fs";
import { absolutePath, type DeviceWeight, type Limits } from "#engine";
import { parseSize } from "#spec";
import { wholeNumber } from "../container-wish.ts";
import { optionInvalid } from "../error.ts";
import { readLimitsFile } from "./limits-file.ts";

// The flags for limits, spelt as Apptainer spells them.

interface LimitFlags {
  bool(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
}

const period = 100_000;
const smallestMemory = 6 * 1024 * 1024;

/**
 * Undefined where none is asked for. A flag wins over what --apply-cgroups has for the same. Throws option-invalid,
 * size-invalid.
 */
export function readLimits(flags: LimitFlags, cwd: string): Limits | undefined {
  const path = flags.text("apply-cgroups");
  const ofFile = path === undefined ? {} : readLimitsFile(absolutePath(path, cwd));
  const limits = { ...ofFile, ...readFlags(flags, cwd) };
  checkMemory(limits, flags);
  return Object.keys(limits).length === 0 ? undefined : limits;
}

function readFlags(flags: LimitFlags, cwd: string): Limits {
  const count = (name: string, min: number, max?: number) => {
    const text = flags.text(name);
    return text === undefined ? undefined : wholeNumber(`--${name}`, text, min, max);
  };
  // 0 is no wish, as in Docker.
  const bytes = (name: string) => {
    const text = flags.text(name);
    return text === undefined ? undefined : parseSize(text) || undefined;
  };
  const swap = flags.text("memory-swap");
  const pids = count("pids-limit", -1);
  const devices = flags.list("blkio-weight-device").flatMap((text) => text.split(","));
  return withoutGaps({
    cpuQuota: readCpus(flags.text("cpus")),
    cpuShares: count("cpu-shares", 2, 262_144),
    cpusetCpus: readSet("cpuset-cpus", flags.text("cpuset-cpus")),
    cpusetMems: readSet("cpuset-mems", flags.text("cpuset-mems")),
    memory: bytes("memory"),
    memoryReservation: bytes("memory-reservation"),
    memorySwap: swap === "-1" ? ("none" as const) : bytes("memory-swap"),
    oomKillDisable: flags.bool("oom-kill-disable") ? (true as const) : undefined,
    pids: pids === undefined ? undefined : pids > 0 ? pids : ("none" as const),
    blkioWeight: count("blkio-weight", 10, 1000),
    blkioWeightDevices: devices.length === 0 ? undefined : devices.map((text) => readDeviceWeight(text, cwd)),
  });
}

type Gaps<T> = { readonly [K in keyof T]?: T[K] | undefined };

function withoutGaps(limits: Gaps<Limits>): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as Limits;
}

function readCpus(text: string | undefined): Limits["cpuQuota"] {
  if (text === undefined) return undefined;
  const cpus = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (cpus === 0) return undefined;
  // The kernel takes no quota below a millisecond.
  if (!(cpus >= 0.01 && cpus <= 100_000))
    throw optionInvalid("--cpus", text, "it has to be a number of at least 0.01", "--cpus 1.5");
  return { quota: Math.round(cpus * period), period };
}

function readSet(name: string, text: string | undefined): string | undefined {
  if (text !== undefined && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text))
    throw optionInvalid(`--${name}`, text, "it is no list of numbers and ranges", `--${name} 0-1`);
  return text;
}

function checkMemory(limits: Limits, flags: LimitFlags): void {
  const { memory, memorySwap } = limits;
  const text = (name: string, value: unknown) => flags.text(name) ?? String(value);
  if (memory !== undefined && memory < smallestMemory)
    throw optionInvalid(
      "--memory",
      text("memory", memory),
      "less than 6m is not enough to start",
      "--memory 6m",
    );
  if (memorySwap === undefined || memorySwap === "none") return;
  if (memory === undefined || memorySwap < memory)
    throw optionInvalid(
      "--memory-swap",
      text("memory-swap", memorySwap),
      memory === undefined
        ? "it needs --memory beside it"
        : "it counts memory and swap together, and is less than --memory",
      "--memory 512m --memory-swap 1g",
    );
}

function readDeviceWeight(text: string, cwd: string): DeviceWeight {
  const flag = "--blkio-weight-device";
  const colon = text.lastIndexOf(":");
  const next = `${flag} /dev/sda:500`;
  if (colon < 1) throw optionInvalid(flag, text, "it is not DEVICE:WEIGHT", next);
  const path = absolutePath(text.slice(0, colon), cwd);
  const info = statSync(path, { throwIfNoEntry: false });
  if (info?.isBlockDevice() !== true)
    throw optionInvalid(flag, text, `"${path}" is no block device of this host`, next);
  return { device: deviceNumber(info.rdev), weight: wholeNumber(flag, text.slice(colon + 1), 10, 1000) };
}

/** "MAJOR:MINOR" of st_rdev as glibc packs it (makedev(3)). */
function deviceNumber(rdev: number): string {
  const bits = BigInt(rdev);
  const major = ((bits >> 8n) & 0xfffn) | ((bits >> 32n) & 0xfffff000n);
  const minor = (bits & 0xffn) | ((bits >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
