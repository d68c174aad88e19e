import { pipInstall, type Proposal, type ReadFile, virtualEnvironment } from "./proposal.ts";

/** `pyproject.toml`: a Python project that can be installed (PEP 517); its first script is the command. */
export function proposePyproject(read: ReadFile): Proposal | undefined {
  const text = read("pyproject.toml");
  if (text === undefined) return undefined;
  const requirements = read("requirements.txt") === undefined ? [] : [`${pipInstall} -r requirements.txt`];
  const script = firstScript(text);
  return {
    from: "pyproject.toml",
    packages: ["python3", "python3-venv"],
    lines: [
      ...virtualEnvironment,
      "COPY . .",
      ...requirements,
      `${pipInstall} .`,
      `CMD ["${script ?? "python3"}"]`,
    ],
  };
}

function firstScript(text: string): string | undefined {
  try {
    const { project } = Bun.TOML.parse(text) as { project?: { scripts?: Record<string, unknown> } };
    return Object.keys(project?.scripts ?? {}).find((name) => /^[\w.-]+$/.test(name));
  } catch {
    // pip says better what is wrong with it.
    return undefined;
  }
}
