import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { type ServedVial, serveVial } from "./served-vial.ts";
import { setupTimeout, whyNoContainers } from "./vial.ts";

// What must not bring the server down: garbage, halves, floods, and clients that go away or never read.

const why = whyNoContainers();
if (why !== undefined) console.warn(`skipped: hostile clients of the API, because ${why}`);

let served: ServedVial;
let files: number;

beforeAll(async () => {
  if (why !== undefined) return;
  served = await serveVial();
  await answers();
  files = openFiles();
}, setupTimeout);
afterAll(async () => await served?.close(), setupTimeout);

const megabyte = 1024 * 1024;

/** Resident memory of the server in bytes. */
function memory(): number {
  const status = readFileSync(`/proc/${served.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

function openFiles(): number {
  return readdirSync(`/proc/${served.pid}/fd`).length;
}

/** The server is there and does its work. */
async function answers(): Promise<void> {
  const answer = await fetch("http://vial/containers/json?all=1", { unix: served.socket });
  expect([answer.status, await answer.json()]).toEqual([200, []]);
}

interface Talk {
  readonly said: string;
  readonly closed: boolean;
}

/** Sends the parts as they are, and gives what came back until the end, or for a second after the last part. */
async function talk(parts: Iterable<string | Buffer>, wait = 1000): Promise<Talk> {
  const socket = connect(served.socket);
  let said = "";
  let closed = false;
  socket.on("data", (bytes) => {
    said += bytes.toString("latin1");
  });
  socket.on("error", () => {});
  const end = new Promise<void>((resolve) =>
    socket.once("close", () => {
      closed = true;
      resolve();
    }),
  );
  for (const part of parts) {
    if (closed || socket.destroyed) break;
    if (!socket.write(part))
      await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), end]);
  }
  await Promise.race([end, Bun.sleep(wait)]);
  const result = { said, closed };
  socket.destroy();
  return result;
}

function* repeat(part: string, times: number, first = ""): Generator<string> {
  if (first !== "") yield first;
  for (let count = 0; count < times; count++) yield part;
}

const post = (path: string, length: number) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

describe.skipIf(why !== undefined)("hostile clients", () => {
  test.each([
    ["zero bytes", "\0\0\0\0\r\n\r\n"],
    ["no HTTP", "EHLO example\r\n\r\n"],
    ["an unknown HTTP", "GET / HTTP/9.9\r\n\r\n"],
    ["a header without a name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"],
    [
      "two lengths",
      "POST /containers/create HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    ],
    [
      "a length and chunks",
      "POST /containers/create HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /_ping HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ["a length below zero", "POST /containers/create HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"],
    ["TLS", Buffer.from("16030100a5010000a10303", "hex")],
  ])("%s is refused", async (_, bytes) => {
    const { said } = await talk([bytes]);
    expect(said).not.toContain(" 200 ");
    await answers();
  });

  test("a head of a gigabyte is refused before it is read", async () => {
    const line = `X-${"a".repeat(megabyte - 10)}: 1\r\n`;
    const began = performance.now();
    const { closed } = await talk(repeat(line, 1024, "GET / HTTP/1.1\r\nHost: a\r\n"));
    expect(closed).toBe(true);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(memory()).toBeLessThan(200 * megabyte);
    await answers();
  });

  test("a document of a gigabyte is refused before it is read", async () => {
    const { said } = await talk(
      repeat("[".repeat(megabyte), 1024, post("/containers/create", 1024 * megabyte)),
    );
    expect(said).toStartWith("HTTP/1.1 400 ");
    expect(memory()).toBeLessThan(200 * megabyte);
    await answers();
  });

  test("a document of brackets alone is no JSON", async () => {
    const depth = 2 * megabyte;
    const { said } = await talk([post("/containers/create", depth), "[".repeat(depth)]);
    expect(said).toStartWith("HTTP/1.1 400 ");
    await answers();
  });

  test("halves of requests do not keep others out", async () => {
    const halves = Array.from({ length: 300 }, (_, index) => {
      const socket = connect(served.socket);
      socket.on("error", () => {});
      socket.write(index % 2 === 0 ? "GET /contain" : `${post("/containers/create", 100)}{"Image"`);
      return socket;
    });
    await answers();
    for (const socket of halves) socket.destroy();
    await answers();
  });

  test("a client that goes in the middle of its body is forgotten", async () => {
    for (let count = 0; count < 50; count++) {
      const socket = connect(served.socket);
      socket.on("error", () => {});
      socket.end(`${post("/containers/create", 100)}{"Image"`);
      await Bun.sleep(1);
      socket.destroy();
    }
    await answers();
    expect(served.vial.containerIds()).toEqual([]);
  });

  test("a client that never reads costs no memory", async () => {
    await served.vial.ok("create", "--name", "big", "busybox");
    const before = memory();
    const sockets: Socket[] = [];
    for (let count = 0; count < 8; count++) {
      const socket = connect(served.socket);
      socket.on("error", () => {});
      socket.pause();
      socket.write("GET /containers/big/export HTTP/1.1\r\nHost: a\r\n\r\n");
      sockets.push(socket);
    }
    await Bun.sleep(1500);
    expect(memory() - before).toBeLessThan(100 * megabyte);
    for (const socket of sockets) socket.destroy();
    await served.vial.ok("rm", "big");
    // The processes that exported were killed; the next command puts away what they left.
    await served.vial.ok("ps");
    expect(readdirSync(`${served.vial.root}/run`).filter((name) => name.startsWith("view-"))).toEqual([]);
    await answers();
  });

  test("requests in one packet are answered in their order", async () => {
    const paths = Array.from({ length: 50 }, (_, index) => `/nowhere-${index}`);
    const { said } = await talk([paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join("")]);
    expect(said.match(/HTTP\/1\.1 404/g)?.length).toBe(50);
  });

  test.each([
    ["GET", "/containers/..%2f..%2f..%2fetc/json"],
    ["GET", "/containers/%00/json"],
    ["GET", "/containers/%ff%fe/json"],
    ["GET", "/containers/../../../etc/passwd"],
    ["GET", `/containers/${"a".repeat(10_000)}/json`],
    ["POST", "/containers/__proto__/start"],
    ["DELETE", "/containers/constructor?force=1"],
    ["POST", "/containers/create?name=../../etc"],
    ["GET", "/v1.999999999999/containers/json"],
    ["GET", "/v-1.24/containers/json"],
    ["GET", "//containers/json"],
    ["GET", "/containers/json?filters=%7B%22name%22%3A%5B%22(a%2B)%2B%24%22%5D%7D"],
    ["GET", "/containers/json?filters=%7B%22__proto__%22%3A%5B%22x%22%5D%7D"],
    ["GET", "/containers/json?limit=99999999999999999999"],
    ["BREW", "/containers/json"],
  ])("%s %.60s has an answer", async (method, path) => {
    const { said } = await talk([
      `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    ]);
    expect(said).toMatch(/^HTTP\/1\.1 (200|4\d\d) /);
    await answers();
  });

  test("a body that would change every object is data", async () => {
    const body =
      '{"Image":"busybox","__proto__":{"polluted":true},"Labels":{"__proto__":"x","constructor":"y"}}';
    const { said } = await talk([post("/containers/create", body.length), body]);
    expect(said).toStartWith("HTTP/1.1 201 ");
    const { json } = { json: JSON.parse(said.slice(said.indexOf("\r\n\r\n"))) as { Id: string } };
    const labels = await served.vial.inspect(json.Id, "{{json .Config.Labels}}");
    expect(JSON.parse(labels)).toHaveProperty("constructor", "y");
    await served.vial.ok("rm", json.Id);
    await answers();
  });

  test("200 clients at once are all answered", async () => {
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const headers = { Connection: "close" };
        const answer = await fetch("http://vial/containers/json?all=1", { unix: served.socket, headers });
        await answer.text();
        return answer.status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test("nothing is left open, and memory is steady", async () => {
    await served.vial.until("the connections are gone", () => openFiles() <= files + 4);
    expect(memory()).toBeLessThan(200 * megabyte);
  });
});
