import { describe, expect, test } from "bun:test";
import { lint, parseDockerfile } from "#build";
import { proposeRecipe } from "./propose.ts";

function propose(files: Readonly<Record<string, string>>): string {
  return proposeRecipe((name) => files[name]) ?? "";
}

describe("proposeRecipe()", () => {
  test("knows nothing of a folder with other files", () => {
    expect(proposeRecipe(() => undefined)).toBeUndefined();
  });

  test("installs the packages of apt.txt, in order, each once", () => {
    expect(
      propose({ "apt.txt": "zlib1g-dev # compression\n\nfile jq\njq\n" }),
    ).toBe(`# Proposed by \`vial build\` from apt.txt
ARG BASE=debian:bookworm
FROM $BASE
RUN apt-get update && \\
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \\
      file \\
      jq \\
      zlib1g-dev \\
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb \\
      /var/cache/ldconfig/aux-cache /var/log/apt /var/log/*.log
WORKDIR /app
COPY . .
CMD ["bash"]
`);
  });

  test.each(["jq;reboot", "$(id)", "-o", "a`b`", "jq=1;x"])("refuses %p in apt.txt", (word) => {
    expect(() => propose({ "apt.txt": `file\n${word}\n` })).toThrow("Cannot read");
  });

  test("installs requirements.txt into a virtual environment before the other files are copied", () => {
    const text = propose({ "requirements.txt": "flask\n", "apt.txt": "libpq5" });
    expect(text).toContain("from requirements.txt and apt.txt\n");
    expect(text).toContain("      libpq5 \\\n      python3 \\\n      python3-venv \\\n");
    expect(text).toEndWith(`RUN python3 -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
COPY requirements.txt ./
RUN pip install --no-cache-dir --no-compile -r requirements.txt
COPY . .
CMD ["python3"]
`);
    expect(propose({ "requirements.txt": "x @ git+https://host.example/x\n" })).toContain("      git \\\n");
  });

  test("installs a pyproject.toml and runs its first script", () => {
    const text = propose({ "pyproject.toml": '[project]\nname="x"\n[project.scripts]\nserve = "x:main"\n' });
    expect(text).toEndWith('COPY . .\nRUN pip install --no-cache-dir --no-compile .\nCMD ["serve"]\n');
    expect(propose({ "pyproject.toml": "[" })).toEndWith('CMD ["python3"]\n');
  });

  test("installs a package.json by its lock file, or without one", () => {
    const locked = propose({ "package.json": '{"scripts":{"start":"node x"}}', "package-lock.json": "{}" });
    expect(locked).toContain("COPY package.json package-lock.json ./\nRUN npm ci --omit=dev");
    expect(locked).toEndWith('CMD ["npm","start"]\n');
    const free = propose({ "package.json": '{"main":"a.js"}' });
    expect(free).toContain("COPY package.json ./\nRUN npm install --omit=dev");
    expect(free).toEndWith('CMD ["node","a.js"]\n');
    expect(propose({ "package.json": "null" })).toEndWith('CMD ["node","."]\n');
  });

  test("names micromamba for an environment.yml", () => {
    expect(() => propose({ "environment.yml": "name: x" })).toThrow("environment.yml");
  });

  test.each([
    { "apt.txt": "jq" },
    { "requirements.txt": "" },
    { "pyproject.toml": "" },
    { "package.json": "{}" },
  ])("proposes what the linter has nothing against: %p", (files) => {
    expect(lint(parseDockerfile(propose(files as Record<string, string>), "Dockerfile")).findings).toEqual(
      [],
    );
  });
});
