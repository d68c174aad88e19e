import { printHumanDuration } from "#spec";

/** "2 weeks ago" */
export function printAge(time: string): string {
  return `${printHumanDuration(Date.now() - Date.parse(time))} ago`;
}

/** Go's time.Time.String(), in UTC: "2026-11-23 10:00:00 +0000 UTC". */
export function printGoTime(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
}
