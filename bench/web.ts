// Websites: a container with a bridge network and a published port, the Docker Engine API, throughput through a published
// port, and an application of three services by docker-compose; Vial beside podman and dockerd. All of them in a network
// namespace of their own, which the bench enters before it begins (`--only web`).

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { Competitor } from "./competitor.ts";
import { interleave, median, ratio, type Sample, text, time } from "./measure.ts";
import { type Row, short } from "./report.ts";

/** An engine with its Docker Engine API on a socket. */
interface Served {
  readonly tool: Competitor;
  readonly socket: string;
}

export interface WebRows {
  readonly rows: readonly Row[];
  readonly refused: readonly string[];
}

/** `docker` and `podman`: with bridge networks. The API of Docker is on `dockerSocket`. */
export async function webRows(
  vial: Competitor,
  others: readonly Competitor[],
  dockerSocket: string,
  folder: string,
  quick: boolean,
): Promise<WebRows> {
  const refused: string[] = [];
  const rows = [runRow([vial, ...others], quick ? 5 : 15)];
  const socket = `${folder}/vial.sock`;
  const server = Bun.spawn([...vial.words, "serve", "--socket", socket], {
    env: { ...process.env, ...vial.env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: Bun.file(`${folder}/serve.log`),
  });
  try {
    for (let tries = 0; !existsSync(socket); tries++) {
      if (tries > 100) throw new Error("vial serve does not come up");
      await Bun.sleep(50);
    }
    const served: Served[] = [{ tool: vial, socket }];
    const docker = others.find(({ name }) => name === "docker");
    if (docker !== undefined) served.push({ tool: docker, socket: dockerSocket });
    rows.push(await lifeRow(served, quick ? 5 : 20));
    rows.push(...(await loadRows(vial, socket, server.pid, quick)));
    if (Bun.which("wrk") === null) refused.push("wrk: not installed, so no throughput");
    else rows.push(await throughputRow(served, quick ? 1 : 3));
    if (Bun.which("docker-compose") === null)
      refused.push("docker-compose: not installed, so no application");
    else rows.push(await composeRow(served, folder, quick ? 2 : 4));
  } finally {
    server.kill("SIGTERM");
    await server.exited;
  }
  return { rows, refused };
}

function runRow(tools: readonly Competitor[], rounds: number): Row {
  const commands = new Map(
    tools.map((tool) => [
      tool.name,
      () =>
        time(
          [...tool.words, "run", "--rm", ...tool.runFlags, "-p", "127.0.0.1:18080:80", "busybox", "true"],
          tool.env,
        ),
    ]),
  );
  const samples = interleave(commands, rounds);
  const own = samples.find(({ name }) => name === "vial");
  const value = median(own?.values ?? []);
  return {
    title: "run --rm -p busybox true, with a bridge network",
    unit: "ms",
    samples,
    goals: [
      { text: "at most 40 ms", measured: `${short(value)} ms`, met: value <= 40 },
      ...fasterThan(samples, own, 8, ["podman", "docker"]),
    ],
  };
}

function fasterThan(
  samples: readonly Sample[],
  own: Sample | undefined,
  factor: number,
  names: readonly string[],
): Row["goals"] {
  return names.flatMap((name) => {
    const measured = ratio(
      samples.find((sample) => sample.name === name),
      own,
    );
    return measured === undefined
      ? []
      : [
          {
            text: `at least ${factor} x faster than ${name}`,
            measured: `${measured.toFixed(1)} x`,
            met: measured >= factor,
          },
        ];
  });
}

async function call(socket: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`http://engine/v1.41${path}`, {
    unix: socket,
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  });
  const words = await answer.text();
  if (!answer.ok && answer.status !== 304) throw new Error(`${method} ${path}: ${answer.status} ${words}`);
  return words === "" ? undefined : JSON.parse(words);
}

async function create(socket: string, body: unknown, name = ""): Promise<string> {
  const made = await call(socket, "POST", `/containers/create${name && `?name=${name}`}`, body);
  return (made as { Id: string }).Id;
}

/** In turn, as interleave() does for what can be called without waiting. */
async function inTurn(
  served: readonly Served[],
  rounds: number,
  act: (one: Served) => Promise<number>,
): Promise<readonly Sample[]> {
  const samples = served.map(({ tool }) => ({ name: tool.name, values: [] as number[] }));
  for (let round = -1; round < rounds; round++)
    for (const [index, one] of served.entries()) {
      const value = await act(one);
      if (round >= 0) samples[index]?.values.push(value);
    }
  return samples;
}

async function lifeRow(served: readonly Served[], rounds: number): Promise<Row> {
  const samples = await inTurn(served, rounds, async ({ socket }) => {
    const began = performance.now();
    const id = await create(socket, { Image: "busybox", Cmd: ["true"] });
    await call(socket, "POST", `/containers/${id}/start`);
    await call(socket, "POST", `/containers/${id}/wait`);
    await call(socket, "DELETE", `/containers/${id}`);
    return performance.now() - began;
  });
  return {
    title: "API: create, start, wait, remove",
    unit: "ms",
    samples,
    goals: fasterThan(samples, samples[0], 3, ["docker"]),
  };
}

/** 200 clients at once on the list of 50 containers, and what the server takes of memory. */
async function loadRows(
  vial: Competitor,
  socket: string,
  pid: number,
  quick: boolean,
): Promise<readonly Row[]> {
  const ids: string[] = [];
  for (let index = 0; index < 50; index++) {
    const id = await create(socket, {
      Image: "busybox",
      Cmd: ["sleep", "1000"],
      HostConfig: { NetworkMode: "none" },
    });
    await call(socket, "POST", `/containers/${id}/start`);
    ids.push(id);
  }
  const rates: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const total = 4000;
    let sent = 0;
    const began = performance.now();
    await Promise.all(
      Array.from({ length: 200 }, async () => {
        while (sent++ < total) await call(socket, "GET", "/containers/json");
      }),
    );
    rates.push(total / ((performance.now() - began) / 1000));
    const status = await Bun.file(`/proc/${pid}/status`).text();
    memory.push(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024);
  }
  time([...vial.words, "rm", "-f", ...ids], vial.env);
  const rate = median(rates);
  const most = Math.max(...memory);
  return [
    {
      title: "GET /containers/json of 50, 200 clients at once",
      unit: "requests a second",
      samples: [{ name: "vial", values: rates }],
      goals: [
        {
          text: "at least 2,000 a second (the clients run on the same processors)",
          measured: short(rate),
          met: rate >= 2000,
        },
      ],
    },
    {
      title: "memory of the server under that load",
      unit: "MiB",
      samples: [{ name: "vial", values: memory }],
      goals: [{ text: "under 200 MiB, steady", measured: `${short(most)} MiB`, met: most < 200 }],
    },
  ];
}

/** wrk's requests a second; the page is small, so that the way counts and not the copying. */
function requestsPerSecond(url: string): number {
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(text(["wrk", "-t1", "-c16", "-d3s", url]))?.[1]);
}

async function throughputRow(served: readonly Served[], rounds: number): Promise<Row> {
  const started: {
    readonly one: Served;
    readonly id: string;
    readonly address: string;
    readonly port: number;
  }[] = [];
  for (const [index, one] of served.entries()) {
    const port = 18100 + index;
    const id = await create(one.socket, {
      Image: "busybox",
      Cmd: ["sh", "-c", "mkdir -p /www; echo words > /www/index.html; exec httpd -f -p 80 -h /www"],
      ExposedPorts: { "80/tcp": {} },
      HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] } },
    });
    await call(one.socket, "POST", `/containers/${id}/start`);
    const seen = (await call(one.socket, "GET", `/containers/${id}/json`)) as {
      NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
    };
    const address = Object.values(seen.NetworkSettings.Networks)[0]?.IPAddress ?? "";
    started.push({ one, id, address, port });
  }
  await Bun.sleep(500);
  const samples: Sample[] = started.flatMap(({ one }) => [
    { name: `${one.tool.name}, published port`, values: [] },
    { name: `${one.tool.name}, container's address`, values: [] },
  ]);
  for (let round = 0; round < rounds; round++)
    for (const [index, { address, port }] of started.entries()) {
      samples[index * 2]?.values.push(requestsPerSecond(`http://127.0.0.1:${port}/`));
      samples[index * 2 + 1]?.values.push(requestsPerSecond(`http://${address}/`));
    }
  for (const { one, id } of started) await call(one.socket, "DELETE", `/containers/${id}?force=1`);
  const own = ratio(samples[0], samples[1]) ?? Number.NaN;
  const goals = [
    {
      text: "published port within 10 % of the container's address",
      measured: `${own.toFixed(2)} x`,
      met: own >= 0.9,
    },
  ];
  const docker = ratio(samples[0], samples[2]);
  if (docker !== undefined)
    goals.push({ text: "at least docker's", measured: `${docker.toFixed(2)} x`, met: docker >= 1 });
  return { title: "HTTP, 16 connections by wrk", unit: "requests a second", samples, goals };
}

const application = `version: "3.8"
services:
  web:
    image: busybox
    command: ["sh", "-c", "mkdir -p /www; echo words > /www/index.html; exec httpd -f -p 80 -h /www"]
    ports: ["127.0.0.1:\${WEB_PORT}:80"]
    healthcheck: { test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"], interval: 200ms }
  store:
    image: busybox
    command: ["httpd", "-f", "-p", "6379", "-h", "/bin"]
    volumes: ["kept:/data"]
    healthcheck: { test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:6379/true"], interval: 200ms }
  worker:
    image: busybox
    command: ["sh", "-c", "until wget -q -O /dev/null http://web/; do sleep 0.1; done; touch /ready; exec sleep 1000"]
    depends_on: [web, store]
    healthcheck: { test: ["CMD", "test", "-e", "/ready"], interval: 200ms }
volumes:
  kept: {}
`;

async function composeRow(served: readonly Served[], folder: string, rounds: number): Promise<Row> {
  const place = `${folder}/application`;
  mkdirSync(place);
  writeFileSync(`${place}/docker-compose.yml`, application);
  const words = [
    "docker-compose",
    "--project-directory",
    place,
    "-f",
    `${place}/docker-compose.yml`,
    "-p",
    "bench",
  ];
  const samples = await inTurn(served, rounds, async ({ tool, socket }) => {
    const env = { DOCKER_HOST: `unix://${socket}`, WEB_PORT: tool.name === "vial" ? "18200" : "18201" };
    const began = performance.now();
    time([...words, "up", "-d"], env);
    for (;;) {
      const list = (await call(socket, "GET", "/containers/json")) as { Status: string }[];
      if (list.filter(({ Status }) => Status.includes("(healthy)")).length === 3) break;
      if (performance.now() - began > 60_000) throw new Error(`${tool.name}: not healthy in a minute`);
      await Bun.sleep(20);
    }
    const took = performance.now() - began;
    time([...words, "down", "-v", "-t", "0"], env);
    return took;
  });
  return {
    title: "docker-compose up -d of three services, until healthy",
    unit: "ms",
    samples,
    goals: fasterThan(samples, samples[0], 2, ["docker"]),
  };
}
