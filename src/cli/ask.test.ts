import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";

// At a real terminal: script(1) gives its child one, and passes on what comes on its standard input.

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/vial-ask-`);
  const ask = JSON.stringify(new URL("./ask.ts", import.meta.url).pathname);
  writeFileSync(
    `${folder}/ask.ts`,
    `import * as a from ${ask};
try { console.log("got " + JSON.stringify(a.askSecret("Secret: "))); } catch (error) { console.log(error.message); }`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Types `keys` once the question is there, and gives what the terminal showed and how it was left. */
async function atTerminal(keys: string): Promise<string> {
  const child = Bun.spawn(
    ["script", "-qec", `"${process.execPath}" ask.ts; stty -a | grep -o -- '-*\\becho\\b'`, "/dev/null"],
    {
      cwd: folder,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
      env: { PATH: process.env.PATH ?? "", TERM: "xterm", SHELL: "/bin/sh" },
    },
  );
  let shown = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    const asked = shown.includes("Secret: ");
    shown += decoder.decode(chunk, { stream: true });
    if (!asked && shown.includes("Secret: ")) {
      void child.stdin.write(keys);
      await child.stdin.flush();
    }
  }
  return shown.replaceAll("\r", "");
}

test("askSecret() shows nothing of what is typed, takes corrections, and leaves the terminal as it was", async () => {
  expect(await atTerminal("paXé\x7f\x7fss\r")).toBe('Secret: \ngot "pass"\necho\n');
  expect(await atTerminal("wrong\x15right\n")).toBe('Secret: \ngot "right"\necho\n');
});

test("askSecret() ends at ^C with the terminal as it was", async () => {
  expect(await atTerminal("sec\x03")).toBe(
    "Secret: \nCannot go on without an answer: the question was interrupted\necho\n",
  );
});
