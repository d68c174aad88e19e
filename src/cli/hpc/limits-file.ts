import type { Limits } from "#engine";
import { readFile } from "../container-wish.ts";
import { optionInvalid } from "../error.ts";

// The file of --apply-cgroups: TOML in the shape of the resources in an OCI config.json, as Apptainer reads it.
//
//     [cpu]        shares = 512, quota = 50000, period = 100000, cpus = "0-1", mems = "0"
//     [memory]     limit = 536870912, reservation = ..., swap = ..., disableOOMKiller = false
//     [pids]       limit = 100
//     [blockIO]    weight = 500, weightDevice = [{ major = 8, minor = 0, weight = 100 }]
//     [unified]    "memory.high" = "400M"

const flag = "--apply-cgroups";
const largestPath = 4096;

/** Throws option-invalid for what is no such file, and for what is in it that would not act. */
export function readLimitsFile(path: string): Limits {
  const refuse = (why: string) =>
    optionInvalid(flag, path.slice(0, largestPath), why, `${flag} FILE with [memory] and limit = 536870912`);
  let document: unknown;
  try {
    document = Bun.TOML.parse(readFile(flag, path));
  } catch (error) {
    if ((error as { code?: string }).code !== undefined) throw error;
    throw refuse(`it is no TOML: ${(error as Error).message.split("\n")[0]}`);
  }
  const top = new Table(document, "", refuse);
  const limits: { -readonly [K in keyof Limits]: Limits[K] } = {};
  const cpu = top.table("cpu");
  const [quota, period, shares] = [cpu.number("quota"), cpu.number("period"), cpu.number("shares")];
  if (quota !== undefined && quota > 0) limits.cpuQuota = { quota, period: period ?? 100_000 };
  else if (period !== undefined) throw refuse("it has a cpu.period without a cpu.quota");
  if (shares !== undefined) limits.cpuShares = shares;
  const [cpus, mems] = [cpu.text("cpus"), cpu.text("mems")];
  if (cpus !== undefined) limits.cpusetCpus = cpus;
  if (mems !== undefined) limits.cpusetMems = mems;
  cpu.end();
  const memory = top.table("memory");
  const [limit, reservation, swap] = [
    memory.number("limit"),
    memory.number("reservation"),
    memory.number("swap"),
  ];
  if (limit !== undefined) limits.memory = limit;
  if (reservation !== undefined) limits.memoryReservation = reservation;
  if (swap !== undefined) limits.memorySwap = swap === -1 ? "none" : swap;
  if (memory.truth("disableOOMKiller") === true) limits.oomKillDisable = true;
  memory.end();
  const pids = top.table("pids");
  const count = pids.number("limit");
  if (count !== undefined) limits.pids = count > 0 ? count : "none";
  pids.end();
  const blockIO = top.table("blockIO");
  const weight = blockIO.number("weight");
  if (weight !== undefined) limits.blkioWeight = weight;
  const devices = blockIO.tables("weightDevice").map((device) => {
    const [major, minor, share] = [device.number("major"), device.number("minor"), device.number("weight")];
    device.end();
    if (major === undefined || minor === undefined || share === undefined)
      throw refuse("a blockIO.weightDevice has major, minor and weight");
    return { device: `${major}:${minor}`, weight: share };
  });
  if (devices.length > 0) limits.blkioWeightDevices = devices;
  blockIO.end();
  const unified = top.table("unified");
  const files = unified.names().map((name) => {
    // A name with a "/" would lead out of the group.
    if (!/^[a-z]+\.[a-z0-9._]+$/.test(name)) throw refuse(`unified has the odd name ${JSON.stringify(name)}`);
    return [name, unified.text(name) ?? ""] as const;
  });
  if (files.length > 0) limits.unified = files;
  top.end();
  return limits;
}

/** A table of the document: what nobody has asked it for is refused at the end, for it would not act. */
class Table {
  readonly #entries: ReadonlyMap<string, unknown>;
  readonly #path: string;
  readonly #refuse: (why: string) => Error;
  readonly #asked = new Set<string>();

  constructor(value: unknown, path: string, refuse: (why: string) => Error) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw refuse(`${path} is no table`);
    this.#entries = new Map(Object.entries(value));
    this.#path = path;
    this.#refuse = refuse;
  }

  names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  table(name: string): Table {
    return new Table(this.#take(name) ?? {}, this.#whole(name), this.#refuse);
  }

  tables(name: string): readonly Table[] {
    const value = this.#take(name) ?? [];
    if (!Array.isArray(value)) throw this.#refuse(`${this.#whole(name)} is no list of tables`);
    return value.map((entry) => new Table(entry, this.#whole(name), this.#refuse));
  }

  number(name: string): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!Number.isSafeInteger(value) || (value as number) < -1)
      throw this.#refuse(`${this.#whole(name)} is no whole number`);
    return value as number;
  }

  text(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== "string" || /[\0\n]/.test(value))
      throw this.#refuse(`${this.#whole(name)} is no text of one line`);
    return value;
  }

  truth(name: string): boolean | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== "boolean") throw this.#refuse(`${this.#whole(name)} is neither true nor false`);
    return value;
  }

  end(): void {
    const other = this.names().find((name) => !this.#asked.has(name));
    if (other !== undefined) throw this.#refuse(`it has ${this.#whole(other)}, which Vial does not set`);
  }

  #take(name: string): unknown {
    this.#asked.add(name);
    return this.#entries.get(name);
  }

  #whole(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }
}
