/** Control characters as `\x1b`: text from a registry, a label or a program must not steer the person's terminal. */
export function showControls(text: string, keep = ""): string {
  return text.replace(/\p{Cc}/gu, (char) =>
    keep.includes(char) ? char : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/**
 * A path inside a container (one character per byte) as text for people: its owner chose the name, so that a line break
 * would begin a line that looks like ours, and an escape code would steer the terminal. Other bytes than UTF-8 as `\xff`.
 */
export function showPath(path: string): string {
  const bytes = Buffer.from(path, "latin1");
  const text = bytes.toString("utf8");
  if (Buffer.from(text).equals(bytes)) return showControls(text);
  return showControls(path.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`));
}

/** JSON without the control characters that JSON.stringify leaves: some terminals take U+009B for an escape code. */
export function jsonText(value: unknown, indent?: number): string {
  return (JSON.stringify(value, null, indent) ?? "null").replace(
    /[\x7f-\x9f]/g,
    (char) => `\\u00${char.charCodeAt(0).toString(16)}`,
  );
}
