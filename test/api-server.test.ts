import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { readFileSync } from "node:fs";
import { findProgram } from "#host";
import { openVial, setupTimeout, type TestVial, whyNoContainers } from "./vial.ts";

// Where `vial serve` listens, who is let in, and how it ends.

const missing = ["openssl", "python3"].filter((program) => findProgram(program) === undefined);
const why =
  whyNoContainers() ?? (missing.length === 0 ? undefined : `${missing.join(" and ")} is not on this machine`);
if (why !== undefined) console.warn(`skipped: where the server listens, because ${why}`);

let vial: TestVial;

beforeAll(async () => {
  if (why !== undefined) return;
  vial = await openVial();
  await makeCertificates();
}, setupTimeout);
afterAll(async () => await vial?.close(), setupTimeout);

type Child = ReturnType<TestVial["start"]>;

/** A CA, and what it has signed: a server for 127.0.0.1, and a client. `other` is signed by itself. */
async function makeCertificates(): Promise<void> {
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  const script = `
    openssl req -x509 ${key} -keyout ca.key -out ca.pem -subj /CN=ca -days 2
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > names
    for name in server client; do
      openssl req ${key} -keyout $name.key -out $name.csr -subj /CN=$name
      openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $name.pem -days 2 -extfile names
    done
    openssl req -x509 ${key} -keyout other.key -out other.pem -subj /CN=other -days 2`;
  const { code, err } = await vial.command(["sh", "-ec", script]);
  if (code !== 0) throw new Error(err);
}

/** The first line that the server says. */
async function firstLine(child: Child): Promise<string> {
  let text = "";
  for await (const bytes of child.stderr) {
    text += Buffer.from(bytes).toString();
    if (text.includes("\n")) break;
  }
  return text;
}

/** Serves until `use` has ended; gives the exit code after SIGTERM. */
async function whileServing(words: readonly string[], use: (said: string) => Promise<void>): Promise<number> {
  const server = vial.start(["serve", ...words]);
  try {
    await use(await firstLine(server));
  } finally {
    server.kill("SIGTERM");
  }
  return await server.exited;
}

/** What a TLS client hears of a request, or the error. */
function askTls(port: number, name: string | undefined): Promise<string> {
  const file = (ending: string) => readFileSync(`${vial.folder}/${ending}`);
  return new Promise((resolve) => {
    let said = "";
    const socket = connectTls({
      host: "127.0.0.1",
      port,
      servername: "localhost",
      ca: file("ca.pem"),
      ...(name === undefined ? {} : { cert: file(`${name}.pem`), key: file(`${name}.key`) }),
    });
    socket.on("secureConnect", () =>
      socket.write("GET /_ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    );
    socket.on("data", (bytes) => {
      said += String(bytes);
    });
    socket.on("error", (error) => {
      said += `error: ${error.message}`;
    });
    socket.on("close", () => resolve(said));
    setTimeout(() => socket.destroy(), 5000);
  });
}

describe.skipIf(why !== undefined)("vial serve", () => {
  test("listens on a socket of its own for its user and group alone", async () => {
    const socket = `${vial.root}/run/vial.sock`;
    const code = await whileServing([], async (said) => {
      expect(said).toContain(`unix://${socket}`);
      expect(statSync(socket).mode & 0o777).toBe(0o660);
    });
    expect(code).toBe(0);
    expect(existsSync(socket)).toBe(false);
  });

  test("lets in by TLS whom its CA has signed, and nobody else", async () => {
    const words = [
      "--host",
      "tcp://127.0.0.1:0",
      "--tlscacert",
      "ca.pem",
      "--tlscert",
      "server.pem",
      "--tlskey",
      "server.key",
    ];
    await whileServing(words, async (said) => {
      const port = Number(/:(\d+)\n/.exec(said)?.[1]);
      expect(await askTls(port, "client")).toStartWith("HTTP/1.1 200 OK");
      expect(await askTls(port, "other")).not.toContain("200 OK");
      expect(await askTls(port, undefined)).not.toContain("200 OK");
      const plain = fetch(`http://127.0.0.1:${port}/_ping`).then((answer) => answer.status);
      expect(await plain.catch(() => "cut")).not.toBe(200);
    });
  });

  test("serves without TLS when it is told to, and on several addresses at once", async () => {
    const socket = `${vial.folder}/two.sock`;
    await whileServing(["-H", "tcp://127.0.0.1:0", "-H", `unix://${socket}`, "--insecure"], async (said) => {
      const port = Number(/:(\d+)\n/.exec(said)?.[1]);
      expect((await fetch(`http://127.0.0.1:${port}/_ping`)).status).toBe(200);
      await vial.until("the socket is there", () => existsSync(socket));
      expect((await fetch("http://vial/_ping", { unix: socket })).status).toBe(200);
    });
  });

  test("takes over a socket that systemd has opened", async () => {
    const socket = `${vial.folder}/activated.sock`;
    const program = `
import os, socket
listening = socket.socket(socket.AF_UNIX)
listening.bind("${socket}")
listening.listen(5)
os.dup2(listening.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv("${vial.program}", ["vial", "serve", "--host", "fd://"])`;
    const server = Bun.spawn(["python3", "-c", program], {
      env: vial.environment(),
      stderr: "pipe",
      stdout: "ignore",
    });
    try {
      expect(await firstLine(server as unknown as Child)).toContain("fd://");
      const answer = await fetch("http://vial/containers/create", {
        method: "POST",
        unix: socket,
        body: JSON.stringify({ Image: "busybox", Cmd: ["cat"], OpenStdin: true, StdinOnce: true }),
      });
      const { Id } = (await answer.json()) as { Id: string };
      expect(await joinAndSay(socket, Id, "through systemd\n")).toEndWith("through systemd\n");
    } finally {
      server.kill("SIGTERM");
    }
    expect(await server.exited).toBe(0);
    expect(existsSync(socket)).toBe(true);
  });

  test("refuses fd:// where nothing was handed over", async () => {
    const { code, err } = await vial.run("serve", "--host", "fd://");
    expect([code, err]).toEqual([1, expect.stringContaining("systemd has handed over no such socket")]);
  });

  test("prints units that systemd takes", async () => {
    const units = await vial.ok("serve", "--print-unit");
    expect(units).toContain("KillMode=process");
    expect(units).toContain(`ListenStream=${vial.root}/run/vial.sock`);
    expect(units).toContain(`ExecStart=${vial.program} serve --host fd://`);
  });

  test("ends answers that go on when it is told to end, and lets others finish", async () => {
    const socket = `${vial.folder}/ending.sock`;
    const server = vial.start(["serve", "--socket", socket]);
    await vial.until("it listens", () => existsSync(socket));
    await vial.ok("run", "-d", "--name", "talks", "busybox", "sh", "-c", "echo word; sleep 600");
    const followed = await fetch("http://vial/containers/talks/logs?follow=1&stdout=1", { unix: socket });
    expect(followed.status).toBe(200);
    const joined = connect(socket);
    joined.write(
      "POST /containers/talks/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n",
    );
    await new Promise((resolve) => joined.once("data", resolve));
    const cut = new Promise((resolve) => joined.once("close", resolve));
    const began = performance.now();
    server.kill("SIGTERM");
    expect(await followed.text().catch(() => "")).toContain("word");
    await cut;
    expect(await server.exited).toBe(0);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(await vial.inspect("talks", "{{.State.Running}}")).toBe("true");
  });
});

/** Attaches to a container, starts it, says something and closes the own half; gives all that comes back. */
async function joinAndSay(path: string, id: string, text: string): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true });
  let said = "";
  socket.on("data", (bytes) => {
    said += String(bytes);
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(
    `POST /containers/${id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n`,
  );
  await vial.until("the streams are joined", () => said.includes("101 UPGRADED"));
  await fetch(`http://vial/containers/${id}/start`, { method: "POST", unix: path });
  socket.end(text);
  await closed;
  return said;
}
