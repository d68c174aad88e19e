/** Vial's own version; a test holds it equal to package.json. A constant, so that `vial --version` reads no file. */
export const version = "0.1.0";

/** What `vial version` prints. Imports nothing, because it is answered before anything is loaded. */
export function printVersion(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  return `Vial:\n Version:    ${version}\n Bun:        ${Bun.version}\n OS/Arch:    linux/${architecture}\n`;
}
