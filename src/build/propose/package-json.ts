import type { Proposal, ReadFile } from "./proposal.ts";

/** `package.json`: a program for Node. With a lock file exactly what it says, else what npm finds. */
export function proposePackageJson(read: ReadFile): Proposal | undefined {
  const text = read("package.json");
  if (text === undefined) return undefined;
  const isLocked = read("package-lock.json") !== undefined;
  return {
    from: "package.json",
    packages: ["nodejs", "npm"],
    lines: [
      `COPY package.json ${isLocked ? "package-lock.json " : ""}./`,
      `RUN npm ${isLocked ? "ci" : "install"} --omit=dev --no-audit --no-fund --cache /tmp/npm && rm -rf /tmp/npm`,
      "COPY . .",
      `CMD ${JSON.stringify(commandOf(text))}`,
    ],
  };
}

function commandOf(text: string): readonly string[] {
  try {
    const { main, scripts } = JSON.parse(text) as { main?: unknown; scripts?: { start?: unknown } | null };
    if (typeof scripts?.start === "string") return ["npm", "start"];
    return ["node", typeof main === "string" ? main : "."];
  } catch {
    // npm says better what is wrong with it.
    return ["node", "."];
  }
}
