import type { CreateWish } from "#engine";
import { parseSize } from "#spec";
import type { Fields } from "../../fields.ts";
import { badParameter } from "../phrases.ts";

/** LogConfig. Docker's names for a file of its own are taken for ours, so that clients pass. */
export function readLog(host: Fields): CreateWish["log"] {
  const log = host.object("LogConfig");
  const type = log.text("Type");
  const options = log.pairs("Config");
  if (type === undefined && Object.keys(options).length === 0) return undefined;
  if (type === "none") return { driver: "none" };
  if (type !== undefined && !["json-file", "local", "k8s-file"].includes(type))
    throw badParameter(`logger: no log driver named '${type}' is registered`);
  for (const name of Object.keys(options))
    if (name !== "max-size" && name !== "max-file")
      throw badParameter(`unknown log opt '${name}' for ${type ?? "json-file"} log driver`);
  const size = options["max-size"];
  const files = options["max-file"];
  if (files !== undefined && !/^[1-9]\d{0,3}$/.test(files))
    throw badParameter(`invalid value for max-file: ${files}`);
  return {
    driver: "k8s-file",
    ...(size === undefined || size === "-1" ? {} : { maxSize: parseSize(size) }),
    ...(files === undefined ? {} : { maxFile: Number(files) }),
  };
}
