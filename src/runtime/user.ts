import { userInvalid, userUnknown } from "./error.ts";

/** The user of a process inside a container. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** Home from passwd, "/" without an entry. */
  readonly home: string;
}

const maxId = 2 ** 31 - 1;

interface Passwd {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * Looks up `user`, `user:group`, `uid`, `uid:gid` as Docker does: names in the container's own files, which are parsed
 * here and never trusted to the host's name service (CVE-2019-14271). A number without an entry is taken as it is.
 * Without a group, the groups that list the user in /etc/group are added.
 */
export function resolveUser(
  text: string,
  files: { readonly passwd: string; readonly group: string },
  groupAdd: readonly string[] = [],
): ProcessUser {
  const parts = text.split(":");
  if (parts.length > 2 || (parts.length === 2 && parts[1] === "")) throw userInvalid(text);
  const [userPart = "", groupPart] = parts;
  const passwd = parsePasswd(files.passwd);
  const groups = parseGroup(files.group);
  const entry = findUser(userPart === "" ? "0" : userPart, passwd);
  const uid =
    entry?.uid ??
    numberOf(userPart, text) ??
    refuse(text, `its /etc/passwd has no user ${JSON.stringify(userPart)}`);
  const gid = groupPart === undefined ? (entry?.gid ?? 0) : gidOf(groupPart, groups, text);
  const listed =
    groupPart === undefined && entry !== undefined
      ? groups.filter((g) => g.members.includes(entry.name)).map((g) => g.gid)
      : [];
  const added = groupAdd.map((name) => gidOf(name, groups, text));
  const additionalGids = [...new Set([gid, ...listed, ...added])];
  return { uid, gid, additionalGids, home: entry?.home || "/" };
}

function refuse(text: string, why: string): never {
  throw userUnknown(text, why);
}

function findUser(part: string, passwd: readonly Passwd[]): Passwd | undefined {
  return passwd.find((p) => p.name === part) ?? passwd.find((p) => String(p.uid) === part);
}

function gidOf(part: string, groups: readonly Group[], text: string): number {
  return (
    groups.find((g) => g.name === part)?.gid ??
    numberOf(part, text) ??
    refuse(text, `its /etc/group has no group ${JSON.stringify(part)}`)
  );
}

function numberOf(part: string, text: string): number | undefined {
  if (part === "") return 0;
  if (!/^-?\d+$/.test(part)) return undefined;
  const value = Number(part);
  if (value < 0 || value > maxId) throw userInvalid(text);
  return value;
}

function parsePasswd(text: string): readonly Passwd[] {
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid, , home] = line.split(":");
    if (name === undefined || name === "" || !/^\d+$/.test(uid ?? "") || !/^\d+$/.test(gid ?? "")) return [];
    return [{ name, uid: Number(uid), gid: Number(gid), home: home ?? "" }];
  });
}

function parseGroup(text: string): readonly Group[] {
  return text.split("\n").flatMap((line) => {
    const [name, , gid, members] = line.split(":");
    if (name === undefined || name === "" || !/^\d+$/.test(gid ?? "")) return [];
    return [{ name, gid: Number(gid), members: (members ?? "").split(",").filter((m) => m !== "") }];
  });
}
