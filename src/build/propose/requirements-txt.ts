import { pipInstall, type Proposal, type ReadFile, virtualEnvironment } from "./proposal.ts";

/** `requirements.txt`: the list of pip. */
export function proposeRequirements(read: ReadFile): Proposal | undefined {
  const text = read("requirements.txt");
  if (text === undefined) return undefined;
  // pip calls git for addresses such as git+https://...
  const usesGit = /^[^#\n]*\bgit\+/m.test(text);
  return {
    from: "requirements.txt",
    packages: ["python3", "python3-venv", ...(usesGit ? ["git"] : [])],
    lines: [
      ...virtualEnvironment,
      // Before the other files: a changed program does not install everything anew.
      "COPY requirements.txt ./",
      `${pipInstall} -r requirements.txt`,
      "COPY . .",
      'CMD ["python3"]',
    ],
  };
}
