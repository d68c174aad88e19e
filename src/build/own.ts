import { chownSync, fchownSync, lchownSync } from "node:fs";
import { hasOneId } from "#host";

// Owners that a recipe asks for. To a user who has one id, all files belong to root, who he is in the build's user namespace:
// there these calls do nothing, and the build has said so at its beginning (ownersFaked).

/** chown(2). */
export function own(path: string, uid: number, gid: number): void {
  if (!hasOneId()) chownSync(path, uid, gid);
}

/** lchown(2). */
export function ownLink(path: Buffer, uid: number, gid: number): void {
  if (!hasOneId()) lchownSync(path, uid, gid);
}

/** fchown(2). */
export function ownOpen(fd: number, uid: number, gid: number): void {
  if (!hasOneId()) fchownSync(fd, uid, gid);
}

/** What a person is told before such a build; undefined where owners are true. */
export function ownersFaked(): string | undefined {
  if (!hasOneId()) return undefined;
  return (
    "you have one id alone, so that all files that this build makes or changes belong to root: chown, making devices and " +
    "becoming another user do nothing and report success (a range in /etc/subuid and /etc/subgid gives true owners, with the " +
    "package uidmap: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME)"
  );
}
