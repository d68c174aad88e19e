import type { ContainerSpec, RestartPolicy } from "#engine";
import type { Fields } from "../../fields.ts";
import { badParameter } from "../phrases.ts";

type Resources = ContainerSpec["resources"];

/** dockerd's lower limit, below which no program starts. */
const leastMemory = 6 * 1024 * 1024;

/** The limits among the fields of HostConfig, which update has too. 0 is no wish. */
export function readResources(host: Fields, options: { readonly isUpdate: boolean }): Resources {
  const memory = host.amount("Memory");
  const memorySwap = host.amount("MemorySwap");
  const nano = host.amount("NanoCpus");
  if (memory !== undefined && memory < leastMemory) throw badParameter("Minimum memory limit allowed is 6MB");
  if (memorySwap !== undefined && memorySwap > 0 && memory === undefined && !options.isUpdate)
    throw badParameter("You should always set the Memory limit when using Memoryswap limit, see usage");
  if (memorySwap !== undefined && memorySwap !== -1 && memorySwap < (memory ?? 0))
    throw badParameter("Minimum memoryswap limit should be larger than memory limit, see usage");
  const processors = navigator.hardwareConcurrency;
  if (nano !== undefined && (nano < 1e7 || nano > processors * 1e9))
    throw badParameter(
      `range of CPUs is from 0.01 to ${processors}.00, as there are only ${processors} CPUs available`,
    );
  if (nano !== undefined && (host.amount("CpuQuota") ?? host.amount("CpuPeriod")) !== undefined)
    throw badParameter("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  const period = host.amount("CpuPeriod");
  if (period !== undefined && (period < 1000 || period > 1000000))
    throw badParameter(
      "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
    );
  const quota = host.amount("CpuQuota");
  if (quota !== undefined && quota > 0 && quota < 1000)
    throw badParameter("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  return defined({
    cpus: nano === undefined ? undefined : nano / 1e9,
    cpuShares: host.amount("CpuShares"),
    cpuQuota: quota,
    cpuPeriod: period,
    cpusetCpus: readSet(host, "CpusetCpus"),
    cpusetMems: readSet(host, "CpusetMems"),
    memory,
    memorySwap,
    memoryReservation: host.amount("MemoryReservation"),
    // In an update 0 takes the limit away; a new container has none anyway.
    pidsLimit: options.isUpdate ? host.number("PidsLimit") : host.amount("PidsLimit"),
  });
}

function defined(values: { readonly [Name in keyof Resources]: Resources[Name] | undefined }): Resources {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function readSet(host: Fields, name: string): string | undefined {
  const text = host.text(name);
  if (text !== undefined && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text))
    throw badParameter(`Invalid value ${text} for ${name === "CpusetCpus" ? "cpuset cpus" : "cpuset mems"}`);
  return text;
}

/** Undefined where nothing is said. */
export function readRestart(host: Fields): RestartPolicy | undefined {
  const policy = host.object("RestartPolicy");
  const name = policy.text("Name");
  const retries = policy.number("MaximumRetryCount") ?? 0;
  if (name === undefined) {
    if (retries !== 0)
      throw badParameter("invalid restart policy: maximum retry count can only be used with 'on-failure'");
    return undefined;
  }
  if (name !== "no" && name !== "always" && name !== "unless-stopped" && name !== "on-failure")
    throw badParameter(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  if (retries < 0) throw badParameter("invalid restart policy: maximum retry count cannot be negative");
  if (retries > 0 && name !== "on-failure")
    throw badParameter("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  return { name, maximumRetries: retries };
}
