// What tests do with testcontainers: prints one JSON object of what it saw.
import { GenericContainer, Network, Wait } from "testcontainers";

const seen = {};
const network = await new Network().start();
const store = await new GenericContainer("stack:1")
  .withCommand(["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no"])
  .withNetwork(network)
  .withNetworkAliases("store")
  .withExposedPorts(6379)
  .withWaitStrategy(
    Wait.forAll([Wait.forLogMessage(/Ready to accept connections/), Wait.forListeningPorts()]),
  )
  .start();
seen.port = store.getMappedPort(6379) > 0;
const ping = await store.exec(["redis-cli", "ping"]);
seen.exec = [ping.exitCode, ping.output.trim()];
const client = await new GenericContainer("stack:1")
  .withCommand(["sleep", "100"])
  .withNetwork(network)
  .withCopyContentToContainer([{ content: "copied", target: "/copied.txt" }])
  .start();
seen.copied = (await client.exec(["cat", "/copied.txt"])).output;
seen.byName = (await client.exec(["redis-cli", "-h", "store", "ping"])).output.trim();
const web = await new GenericContainer("stack:1")
  .withCommand(["python3", "-m", "http.server", "8000"])
  .withExposedPorts(8000)
  .withWaitStrategy(Wait.forHttp("/", 8000))
  .start();
seen.http = (await fetch(`http://${web.getHost()}:${web.getMappedPort(8000)}/etc/hostname`)).status;
if (process.env.LEAVE === "yes") {
  console.log(JSON.stringify({ ...seen, left: [store.getId(), client.getId(), web.getId()] }));
  process.exit(0);
}
await web.stop();
await client.stop();
await store.stop();
await network.stop();
console.log(JSON.stringify(seen));
process.exit(0);
