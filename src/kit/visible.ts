/** Control characters as `\x1b`: text from a registry, a label or a program must not steer the person's terminal. */
export function showControls(text: string, keep = ""): string {
  return text.replace(/\p{Cc}/gu, (char) =>
    keep.includes(char) ? char : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
