"""What programs do with docker-py: prints one JSON object of what it saw."""
import io
import json
import os
import tarfile
import time

import docker

client = docker.DockerClient(base_url="unix://" + os.environ["DOCKER_SOCKET"])
seen = {"ping": client.ping(), "api": client.version()["ApiVersion"] != ""}

seen["run"] = client.containers.run("stack:1", ["echo", "hello from python"], remove=True).decode()
try:
    client.containers.run("stack:1", ["sh", "-c", "echo no >&2; exit 4"], remove=True)
except docker.errors.ContainerError as error:
    seen["error"] = [error.exit_status, error.stderr.decode()]
try:
    client.containers.run("nothing:here")
except docker.errors.DockerException as error:
    seen["missing"] = type(error).__name__

dockerfile = io.BytesIO(b"FROM stack:1\nRUN echo built > /built\nCMD [\"cat\", \"/built\"]\n")
image, lines = client.images.build(fileobj=dockerfile, tag="py-built:1", rm=True)
seen["build"] = any("Successfully built" in line.get("stream", "") for line in lines)
seen["built"] = client.containers.run("py-built:1", remove=True).decode()

network = client.networks.create("py-net", labels={"of": "docker-py"})
volume = client.volumes.create("py-vol")
server = client.containers.run(
    "stack:1",
    ["python3", "-m", "http.server", "8000", "--directory", "/data"],
    detach=True,
    name="py-server",
    network="py-net",
    volumes={"py-vol": {"bind": "/data", "mode": "rw"}},
    ports={"8000/tcp": ("127.0.0.1", None)},
    mem_limit="64m",
    labels={"of": "docker-py"},
)
archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w") as tar:
    info = tarfile.TarInfo("page.txt")
    info.size = 5
    tar.addfile(info, io.BytesIO(b"words"))
server.put_archive("/data", archive.getvalue())
code, output = server.exec_run(["cat", "/data/page.txt"])
seen["exec"] = [code, output.decode()]
seen["by name"] = client.containers.run(
    "stack:1",
    ["python3", "-c", "import urllib.request; print(urllib.request.urlopen('http://py-server:8000/page.txt').read().decode())"],
    network="py-net",
    remove=True,
).decode()
server.reload()
seen["port"] = server.ports["8000/tcp"][0]["HostIp"]
seen["status"] = server.status
seen["listed"] = [c.name for c in client.containers.list(filters={"label": "of=docker-py"})]
seen["top"] = "http.server" in " ".join(server.top()["Processes"][0])
stream = server.logs(stream=True, follow=True)
server.stop(timeout=1)
seen["log"] = "GET /page.txt" in b"".join(stream).decode()
server.remove()
network.remove()
volume.remove()
client.images.remove("py-built:1")
seen["events"] = sum(1 for _ in client.events(since=0, until=time.time(), decode=True)) > 5
print(json.dumps(seen))
