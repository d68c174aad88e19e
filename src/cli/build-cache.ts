import { resolve } from "node:path";
import type { CachePlace, CacheTarget } from "#engine";
import { parseReference } from "#spec";
import { flagAbsent, flagValueInvalid } from "./error.ts";

// The values of `--cache-from` and `--cache-to`, in the form of `docker buildx build`.

const places = "type=local,dest=FOLDER or type=registry,ref=NAME";
/** What Vial does always: the cache is an OCI image. */
const always = ["oci-mediatypes", "image-manifest"];

/** `type=local,src=FOLDER`, `type=registry,ref=NAME`, or a name alone. */
export function parseCacheFrom(text: string): CachePlace {
  const fields = readFields("--cache-from", text);
  return placeOf("--cache-from", text, fields, "src", []);
}

/** `type=local,dest=FOLDER`, `type=registry,ref=NAME`, or a name alone; mode=min|max, ignore-error=true|false. */
export function parseCacheTo(text: string): CacheTarget {
  const fields = readFields("--cache-to", text);
  const place = placeOf("--cache-to", text, fields, "dest", ["mode", "ignore-error", ...always]);
  const mode = fields.get("mode") ?? "min";
  if (mode !== "min" && mode !== "max") throw flagValueInvalid("--cache-to", text, "mode=min or mode=max");
  const ignore = fields.get("ignore-error") ?? "false";
  if (ignore !== "true" && ignore !== "false")
    throw flagValueInvalid("--cache-to", text, "ignore-error=true or ignore-error=false");
  for (const name of always)
    if ((fields.get(name) ?? "true") !== "true")
      throw flagAbsent(
        "build",
        `--cache-to ${name}=false`,
        "the cache is always an OCI image",
        `leave ${name} out`,
      );
  return { place, mode, ignoreError: ignore === "true" };
}

function readFields(flag: string, text: string): ReadonlyMap<string, string> {
  if (!text.includes("="))
    return new Map([
      ["type", "registry"],
      ["ref", text],
    ]);
  return new Map(
    text.split(",").map((field): [string, string] => {
      const at = field.indexOf("=");
      if (at <= 0) throw flagValueInvalid(flag, text, places);
      return [field.slice(0, at), field.slice(at + 1)];
    }),
  );
}

function placeOf(
  flag: string,
  text: string,
  fields: ReadonlyMap<string, string>,
  folderField: "src" | "dest",
  others: readonly string[],
): CachePlace {
  const type = fields.get("type");
  const wanted = type === "local" ? folderField : "ref";
  if (type === "inline" || type === "gha" || type === "s3" || type === "azblob")
    throw flagAbsent(
      "build",
      `${flag} type=${type}`,
      "Vial keeps caches in folders and registries",
      `use ${places}`,
    );
  if (type !== "local" && type !== "registry") throw flagValueInvalid(flag, text, places);
  const unknown = [...fields.keys()].find((name) => !["type", wanted, ...others].includes(name));
  if (unknown !== undefined)
    throw flagValueInvalid(flag, text, `made of type, ${[wanted, ...others].join(", ")}, not ${unknown}`);
  const value = fields.get(wanted) ?? "";
  if (value === "") throw flagValueInvalid(flag, text, `${wanted}=${type === "local" ? "FOLDER" : "NAME"}`);
  return type === "local"
    ? { kind: "local", folder: resolve(value) }
    : { kind: "registry", reference: parseReference(value) };
}
