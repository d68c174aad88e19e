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
 * here and never trusted to the host's name service (CVE-2019-14271). A number is a number and never a name, so that an
 * image cannot call root "1000" (CVE-2016-3697); without an entry it is taken as it is. Numbers that a runtime may cut
 * to others, such as 4294967296 to 0, are refused in the files, too (CVE-2024-40635). Without a group, the groups that
 * list the user in /etc/group are added.
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
  const number = numberOf(userPart, text);
  const entry = passwd.find((line) => (number === undefined ? line.name === userPart : line.uid === number));
  const uid = number ?? entry?.uid ?? refuse(text, `its /etc/passwd has no user ${JSON.stringify(userPart)}`);
  if (entry !== undefined && Math.max(entry.uid, entry.gid) > maxId)
    refuse(text, `its /etc/passwd gives ${JSON.stringify(entry.name)} a number above ${maxId}`);
  const gid = groupPart === undefined ? (entry?.gid ?? 0) : gidOf(groupPart, groups, text);
  const listed =
    groupPart === undefined && entry !== undefined
      ? groups.filter((g) => g.members.includes(entry.name) && g.gid <= maxId).map((g) => g.gid)
      : [];
  const added = groupAdd.map((name) => gidOf(name, groups, text));
  const additionalGids = [...new Set([gid, ...listed, ...added])];
  return { uid, gid, additionalGids, home: entry?.home || "/" };
}

function refuse(text: string, why: string): never {
  throw userUnknown(text, why);
}

function gidOf(part: string, groups: readonly Group[], text: string): number {
  const gid =
    numberOf(part, text) ??
    groups.find((group) => group.name === part)?.gid ??
    refuse(text, `its /etc/group has no group ${JSON.stringify(part)}`);
  if (gid > maxId) refuse(text, `its /etc/group gives ${JSON.stringify(part)} a number above ${maxId}`);
  return gid;
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
