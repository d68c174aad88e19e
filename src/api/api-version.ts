/** A version of the Docker Engine API, as its minor number: all are 1.x. */
export type ApiVersion = number;

export const newestVersion: ApiVersion = 50;
export const oldestVersion: ApiVersion = 24;

export function printVersion(version: ApiVersion): string {
  return `1.${version}`;
}
