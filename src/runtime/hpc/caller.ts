import { readFileSync } from "node:fs";
import { lookUpAccount, outerUid } from "#host";
import type { Caller } from "./wish.ts";

/** Ids without a place in a user namespace are shown as this one (/proc/sys/kernel/overflowgid). */
const overflow = 65534;

/**
 * The person who calls, from the host's files; from its name service (LDAP and the like, by getent(1)) when the files do not
 * know the number. Root of a user namespace has root's home inside, which is the person's own home outside.
 */
export function readCaller(env: Readonly<Record<string, string | undefined>>): Caller {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const passwd = readText("/etc/passwd");
  const find = (id: number) => lineOf(passwd, id) ?? lineOf(lookUpAccount("passwd", id) ?? "", id) ?? [];
  const [name = String(uid), , , , gecos = "", ownHome, shell = ""] = find(uid);
  const home = absolute(ownHome) ?? absolute(env.HOME) ?? "/";
  const outer = outerUid();
  const homeSource = outer === uid ? home : (absolute(find(outer)[5]) ?? absolute(env.HOME) ?? home);
  const groupFile = readText("/etc/group");
  const numbers = [...new Set([gid, ...(process.getgroups?.() ?? [])])].filter(
    (number) => number !== overflow || number === gid,
  );
  const groups = numbers.flatMap((number) => {
    const found = lineOf(groupFile, number) ?? lineOf(lookUpAccount("group", number) ?? "", number);
    return found === undefined ? [] : [{ gid: number, name: found[0] ?? "" }];
  });
  return { uid, gid, name, gecos, home, homeSource, shell: shell || "/bin/sh", groups };
}

function absolute(path: string | undefined): string | undefined {
  return path?.startsWith("/") === true ? path : undefined;
}

/** The fields of the line with this number in the third field: passwd(5), group(5). */
function lineOf(text: string, id: number): readonly string[] | undefined {
  return text
    .split("\n")
    .map((line) => line.split(":"))
    .find((fields) => fields[2] === String(id));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
