import { bindInvalid } from "./error.ts";
import type { BindWish } from "./wish.ts";

// The words for binds: --bind SRC[:DST[:OPTIONS]] and --mount type=bind,..., by Apptainer's grammar.

/**
 * Parses the value of --bind or of APPTAINER_BIND: binds with commas between them. A backslash keeps the ":" or "," behind
 * it. Sources are taken from `cwd`; without a target the source's own path is it.
 */
export function parseBinds(text: string, cwd: string): readonly BindWish[] {
  const binds: { readonly words: string[]; readonly options: string[] }[] = [];
  for (const piece of splitUnquoted(text, ",")) {
    if (piece === "") continue;
    const last = binds.at(-1);
    // The options of a bind are parted by commas as the binds are.
    if (last !== undefined && last.words.length > 2 && /^(ro|rw|id=.*|image-src=.*)$/.test(piece))
      last.options.push(piece);
    else {
      const words = splitUnquoted(piece, ":");
      binds.push({ words, options: words.length > 2 ? [words[2] ?? ""] : [] });
    }
  }
  return binds.map(({ words, options }) => {
    if (words.length > 3) throw bindInvalid("--bind", text, "it is SOURCE[:TARGET[:OPTIONS]]");
    const [source = "", target] = words.map(unquote);
    return makeBind("--bind", text, cwd, source, target, options);
  });
}

/** Parses the value of --mount: comma-separated keys and values, with the quotes of CSV. */
export function parseMountWish(text: string, cwd: string): BindWish {
  let source: string | undefined;
  let target: string | undefined;
  const options: string[] = [];
  for (const field of splitCsv(text)) {
    const equals = field.indexOf("=");
    const key = equals < 0 ? field : field.slice(0, equals);
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    if (key === "type") {
      if (value !== "bind")
        throw bindInvalid("--mount", text, `its type "${value ?? ""}" is not "bind", the only one`);
    } else if (key === "source" || key === "src") source = value;
    else if (["destination", "dest", "dst", "target"].includes(key)) target = value;
    else options.push(field);
  }
  if (target === undefined) throw bindInvalid("--mount", text, "it names no destination");
  return makeBind("--mount", text, cwd, source ?? "", target, options);
}

function makeBind(
  flag: string,
  text: string,
  cwd: string,
  source: string,
  target: string | undefined,
  options: readonly string[],
): BindWish {
  if (source === "") throw bindInvalid(flag, text, "it names no source");
  let readonly = false;
  for (const option of options.filter((entry) => entry !== "")) {
    if (option === "ro") readonly = true;
    else if (option.startsWith("image-src=") || option.startsWith("id="))
      throw bindInvalid(flag, text, "this version of Vial binds no parts of image files");
    else if (option !== "rw") throw bindInvalid(flag, text, `it has the unknown option "${option}"`);
  }
  const host = absolutePath(source, cwd);
  return { source: host, target: insidePath(flag, text, target || host), readonly };
}

/** A path of the host, clean of "." and doubled slashes; ".." is left to the kernel, for links may stand before it. */
export function absolutePath(path: string, cwd: string): string {
  const whole = path.startsWith("/") ? path : `${cwd}/${path}`;
  return `/${whole
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/")}`;
}

/** A path inside, absolute, without ".". Throws bind-invalid. */
export function insidePath(flag: string, text: string, path: string): string {
  if (!path.startsWith("/")) throw bindInvalid(flag, text, "its path inside is not absolute");
  const clean = absolutePath(path, "/");
  if (clean.split("/").includes("..")) throw bindInvalid(flag, text, 'its path inside has ".."');
  if (clean === "/") throw bindInvalid(flag, text, 'its path inside is "/"');
  return clean;
}

function splitUnquoted(text: string, mark: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (let index = 0; index < text.length; index++) {
    const char = text[index] ?? "";
    if (char === "\\" && index + 1 < text.length) part += char + (text[++index] ?? "");
    else if (char === mark) {
      parts.push(part);
      part = "";
    } else part += char;
  }
  return [...parts, part];
}

function unquote(text: string): string {
  return text.replace(/\\([:,\\])/g, "$1");
}

/** Fields of one CSV record (RFC 4180): quotes around a field or around its value, a doubled quote stands for one. */
function splitCsv(text: string): readonly string[] {
  const fields: string[] = [];
  let field = "";
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index] ?? "";
    if (char === '"') {
      if (quoted && text[index + 1] === '"') field += text[++index] ?? "";
      else quoted = !quoted;
    } else if (char === "," && !quoted) {
      fields.push(field);
      field = "";
    } else field += char;
  }
  return [...fields, field].filter((entry) => entry !== "");
}
