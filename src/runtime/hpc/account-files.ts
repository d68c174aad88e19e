import type { Caller } from "./wish.ts";

// /etc/passwd and /etc/group inside: the image's own, and the person who calls.

/**
 * The image's passwd(5) with a line for the caller. A line with the caller's number keeps its place and shell and gets the
 * caller's name, gecos and home; root's keeps all but the home.
 */
export function printPasswd(image: string, caller: Caller, home: string): string {
  const lines = image.split("\n");
  const own = lines.findIndex((line) => line.split(":")[2] === String(caller.uid));
  if (own < 0) {
    const line = `${caller.name}:x:${caller.uid}:${caller.gid}:${field(caller.gecos)}:${field(home)}:${field(caller.shell)}`;
    return `${withNewline(image)}${line}\n`;
  }
  const [name, password, uid, gid, gecos, , shell] = (lines[own] ?? "").split(":");
  lines[own] = [
    caller.uid === 0 ? name : caller.name,
    password,
    uid,
    gid,
    caller.uid === 0 ? gecos : field(caller.gecos),
    field(home),
    shell,
  ].join(":");
  return lines.join("\n");
}

/** The image's group(5) with a line for each group of the caller. Those that the image names by number stay as they are. */
export function printGroup(image: string, caller: Caller): string {
  const known = new Set(image.split("\n").map((line) => line.split(":")[2]));
  const lines = caller.groups
    .filter(({ gid }) => !known.has(String(gid)))
    .map(({ gid, name }) => `${field(name)}:x:${gid}:${field(caller.name)}`);
  return lines.length === 0 ? image : `${withNewline(image)}${lines.join("\n")}\n`;
}

/** What would begin another field or line cannot stand in one. */
function field(text: string): string {
  return text.replace(/[:\n\r]/g, "");
}

function withNewline(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
