// What programs do with dockerode: prints one JSON object of what it saw.
import { PassThrough } from "node:stream";
import Docker from "dockerode";

const docker = new Docker({ socketPath: process.env.DOCKER_SOCKET });
const seen = {};

async function collect(stream) {
  const parts = { stdout: "", stderr: "" };
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  stdout.on("data", (part) => (parts.stdout += part));
  stderr.on("data", (part) => (parts.stderr += part));
  docker.modem.demuxStream(stream, stdout, stderr);
  await new Promise((resolve) => stream.on("end", resolve));
  return parts;
}

seen.ping = String(await docker.ping());
seen.version = (await docker.version()).ApiVersion;

const network = await docker.createNetwork({ Name: "rode-net", Labels: { of: "dockerode" } });
const volume = await docker.createVolume({ Name: "rode-vol" });
const container = await docker.createContainer({
  Image: "stack:1",
  name: "rode",
  Cmd: ["sh", "-c", "read line; echo got $line; echo bad >&2; echo kept > /data/file; exit 5"],
  OpenStdin: true,
  StdinOnce: true,
  AttachStdin: true,
  AttachStdout: true,
  AttachStderr: true,
  HostConfig: { Mounts: [{ Type: "volume", Source: "rode-vol", Target: "/data" }], NetworkMode: "rode-net" },
});
const stream = await container.attach({
  stream: true,
  stdin: true,
  stdout: true,
  stderr: true,
  hijack: true,
});
const output = collect(stream);
await container.start();
stream.write("hello\n");
stream.end();
seen.attach = await output;
seen.exit = (await container.wait()).StatusCode;
seen.logs = (await container.logs({ stdout: true, stderr: false }))
  .toString("utf8")
  .replace(/^[\s\S]{8}/, "");
await container.remove();

const server = await docker.createContainer({
  Image: "stack:1",
  Cmd: ["sleep", "60"],
  HostConfig: { Binds: ["rode-vol:/data:ro"], NetworkMode: "rode-net" },
});
await server.start();
const exec = await server.exec({
  Cmd: ["sh", "-c", "cat /data/file; exit 3"],
  AttachStdout: true,
  AttachStderr: true,
});
seen.exec = await collect(await exec.start({ hijack: true, stdin: false }));
seen.execExit = (await exec.inspect()).ExitCode;
seen.names = (await docker.listContainers({ filters: { network: ["rode-net"] } })).length;
const stats = await server.stats({ stream: false });
seen.memory = stats.memory_stats.usage > 0;
const archive = await server.getArchive({ path: "/data/file" });
let bytes = 0;
for await (const part of archive) bytes += part.length;
seen.archive = bytes > 512;
await server.remove({ force: true });
await network.remove();
await volume.remove();
seen.missing = await docker
  .getContainer("rode")
  .inspect()
  .then(
    () => "there",
    (error) => `${error.statusCode} ${error.json.message}`,
  );
console.log(JSON.stringify(seen));
