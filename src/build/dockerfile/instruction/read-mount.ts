import { nearest } from "#kit";
import type { SourceRange } from "#spec";
import { mountInvalid } from "../error.ts";
import { readCsvLine } from "./csv.ts";
import { mountKeyAlias, mountKeys, type RunMountText } from "./mount.ts";
import { resolveMount } from "./resolve-mount.ts";

const allKeys = [...new Set(["type", ...Object.values(mountKeys).flat(), ...Object.keys(mountKeyAlias)])];

/** Reads the text of a `--mount=`. What holds no variable is checked at once. */
export function readMount(text: string, where: SourceRange): RunMountText {
  const cells = readCsvLine(text);
  if (cells === undefined)
    throw mountInvalid(text, "a quote is not closed or not at the edge of a field", where);
  const fields = cells.map((cell) => {
    const equals = cell.indexOf("=");
    const key = (equals < 0 ? cell : cell.slice(0, equals)).toLowerCase();
    if (!allKeys.includes(key)) {
      const near = nearest(key, allKeys);
      throw mountInvalid(
        text,
        `it has no "${key}"${near === undefined ? "" : `; did you mean "${near}"?`}`,
        where,
      );
    }
    return { key: mountKeyAlias[key] ?? key, ...(equals < 0 ? {} : { value: cell.slice(equals + 1) }) };
  });
  const from = fields.findLast((field) => field.key === "from")?.value;
  if (from !== undefined && /\$./.test(from))
    throw mountInvalid(text, '"from" takes no variables; name the image in a stage of its own', where);
  const mount = { text, fields, ...(from === undefined ? {} : { from }) };
  if (!/[$'"\\`]/.test(text)) resolveMount(mount, (value) => value, where);
  return mount;
}
