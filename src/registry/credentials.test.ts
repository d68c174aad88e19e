import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync, lstatSync } from "node:fs";
import { readRegistriesConfig, settingsFor } from "./config.ts";
import { findCredential } from "./credentials.ts";
import { FakeRegistry } from "./fake.ts";
import { failure, newTransport, temporaryFolder } from "./fixture.ts";
import { login, logout } from "./login.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

function writeConfig(folder: string, config: object): void {
  writeFileSync(`${folder}/config.json`, JSON.stringify(config));
}

/** A credential helper that keeps what it is given in a file beside it, and logs its calls. */
function makeHelper(folder: string, name: string): string {
  const path = `${folder}/docker-credential-${name}`;
  writeFileSync(
    path,
    `#!/bin/sh
cd "$(dirname "$0")" || exit 9
input=$(cat)
echo "$1 $input" >>calls
case $1 in
  store) printf %s "$input" >kept ;;
  get) test -f kept && cat kept || { echo "credentials not found in native keychain"; exit 1; } ;;
  erase) rm -f kept ;;
esac
`,
  );
  chmodSync(path, 0o755);
  return path;
}

async function withPath<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const before = process.env.PATH;
  process.env.PATH = `${folder}:${before}`;
  try {
    return await work();
  } finally {
    process.env.PATH = before;
  }
}

describe("findCredential()", () => {
  test("reads every form of Docker's config.json", async () => {
    using folder = temporaryFolder();
    writeConfig(folder.path, {
      auths: {
        "https://index.docker.io/v1/": { auth: base64("hub:pw:with:colons") },
        "old.example": { username: "o", password: "p" },
        "https://older.example/v1/": { auth: base64("x:y") },
        "id.example:5000": { auth: base64("<token>:"), identitytoken: "idtoken" },
        "token.example": { registrytoken: "rt" },
        "empty.example": {},
      },
    });
    const env = { DOCKER_CONFIG: folder.path };
    const find = (host: string) => findCredential(host, "", env);
    expect(await find("docker.io")).toEqual({ kind: "basic", username: "hub", password: "pw:with:colons" });
    expect(await find("old.example")).toEqual({ kind: "basic", username: "o", password: "p" });
    expect(await find("older.example")).toEqual({ kind: "basic", username: "x", password: "y" });
    expect(await find("id.example:5000")).toEqual({ kind: "identity", token: "idtoken" });
    expect(await find("token.example")).toEqual({ kind: "bearer", token: "rt" });
    expect(await find("empty.example")).toBeUndefined();
    expect(await find("id.example")).toBeUndefined();
    expect(await find("__proto__")).toBeUndefined();
  });

  test("falls back to the auth.json of the containers tools, the most exact key first", async () => {
    using folder = temporaryFolder();
    mkdirSync(`${folder.path}/containers`);
    const auths = {
      "hub.example": { auth: base64("host:1") },
      "hub.example/team": { auth: base64("team:2") },
    };
    writeFileSync(`${folder.path}/containers/auth.json`, JSON.stringify({ auths }));
    const env = { XDG_RUNTIME_DIR: folder.path, HOME: folder.path };
    expect(await findCredential("hub.example", "team/app", env)).toMatchObject({ username: "team" });
    expect(await findCredential("hub.example", "teamster/app", env)).toMatchObject({ username: "host" });
    const named = { REGISTRY_AUTH_FILE: `${folder.path}/containers/auth.json`, HOME: "/nonexistent" };
    expect(await findCredential("hub.example", "", named)).toMatchObject({ username: "host" });
  });

  test("quotes nothing of a file that is damaged", async () => {
    using folder = temporaryFolder();
    writeFileSync(`${folder.path}/config.json`, '{"auths":{"a":{"auth":"c2VjcmV0');
    const env = { DOCKER_CONFIG: folder.path };
    const error = await failure(findCredential("a", "", env));
    expect(error.code).toBe("credential-file-invalid");
    expect(JSON.stringify([error.message, error.why, error.next])).not.toContain("c2VjcmV0");
    writeConfig(folder.path, { auths: { a: { auth: base64("nocolon") } } });
    expect((await failure(findCredential("a", "", env))).code).toBe("credential-file-invalid");
  });

  test("refuses a helper whose name leaves PATH", async () => {
    using folder = temporaryFolder();
    writeConfig(folder.path, { credsStore: "../../evil" });
    const error = await failure(findCredential("a.example", "", { DOCKER_CONFIG: folder.path }));
    expect(error.code).toBe("credential-helper-failed");
  });
});

describe("login() and logout()", () => {
  const auth = { kind: "basic", username: "ada", password: "opensesame" } as const;
  const credential = { kind: "basic", username: "ada", password: "opensesame" } as const;

  test("keep what the registry took in config.json, mode 0600, with every other field", async () => {
    using folder = temporaryFolder();
    await using registry = await FakeRegistry.start({ auth });
    writeConfig(folder.path, { psFormat: "{{.ID}}", auths: { "other.example": { auth: "eDp5", extra: 1 } } });
    const env = { DOCKER_CONFIG: folder.path };
    const transport = newTransport();
    const kept = await login({ host: registry.host, credential, transport, env });
    expect(kept).toEqual({ kind: "file", path: `${folder.path}/config.json` });
    const path = `${folder.path}/config.json`;
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      psFormat: "{{.ID}}",
      auths: {
        "other.example": { auth: "eDp5", extra: 1 },
        [registry.host]: { auth: base64("ada:opensesame") },
      },
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await findCredential(registry.host, "app", env)).toEqual(credential);
    await logout(registry.host, env);
    expect(await findCredential(registry.host, "app", env)).toBeUndefined();
    expect((await failure(logout(registry.host, env))).code).toBe("registry-not-logged-in");
  });

  test("keep nothing that the registry refused", async () => {
    using folder = temporaryFolder();
    for (const kind of ["basic", "bearer"] as const) {
      await using registry = await FakeRegistry.start({ auth: { ...auth, kind } });
      const wrong = { ...credential, password: "swordfish" };
      const env = { DOCKER_CONFIG: folder.path };
      const error = await failure(
        login({ host: registry.host, credential: wrong, transport: newTransport(), env }),
      );
      expect(error.code).toBe("registry-credentials-refused");
      expect(statSync(`${folder.path}/config.json`, { throwIfNoEntry: false })).toBeUndefined();
      await login({
        host: registry.host,
        credential,
        transport: newTransport(),
        env: { DOCKER_CONFIG: `${folder.path}/2` },
      });
    }
  });

  test("follow a config.json that is a link", async () => {
    using folder = temporaryFolder();
    await using registry = await FakeRegistry.start();
    mkdirSync(`${folder.path}/docker`);
    writeFileSync(`${folder.path}/real.json`, "{}");
    symlinkSync("../real.json", `${folder.path}/docker/config.json`);
    const env = { DOCKER_CONFIG: `${folder.path}/docker` };
    await login({ host: registry.host, credential, transport: newTransport(), env });
    expect(lstatSync(`${folder.path}/docker/config.json`).isSymbolicLink()).toBe(true);
    expect(readFileSync(`${folder.path}/real.json`, "utf8")).toContain(registry.host);
  });

  test("leave the secret to the helper that the file names", async () => {
    using folder = temporaryFolder();
    await using registry = await FakeRegistry.start({ auth });
    const helper = `vialtest${process.pid}`;
    makeHelper(folder.path, helper);
    writeConfig(folder.path, { credHelpers: { [registry.host]: helper } });
    const env = { DOCKER_CONFIG: folder.path };
    await withPath(folder.path, async () => {
      expect(await findCredential(registry.host, "", env)).toBeUndefined();
      const kept = await login({ host: registry.host, credential, transport: newTransport(), env });
      expect(kept).toEqual({ kind: "helper", helper });
      expect(readFileSync(`${folder.path}/config.json`, "utf8")).not.toContain(base64("ada:opensesame"));
      expect(await findCredential(registry.host, "", env)).toEqual(credential);
      await logout(registry.host, env);
      expect(await findCredential(registry.host, "", env)).toBeUndefined();
    });
    expect(readFileSync(`${folder.path}/calls`, "utf8").split("\n")[1]).toBe(
      `store {"ServerURL":"${registry.host}","Username":"ada","Secret":"opensesame"}`,
    );
  });

  test("say which helper is missing", async () => {
    using folder = temporaryFolder();
    writeConfig(folder.path, { credsStore: "nosuchhelper" });
    const error = await failure(findCredential("a.example", "", { DOCKER_CONFIG: folder.path }));
    expect(error.code).toBe("program-missing");
    expect(error.message).toContain("docker-credential-nosuchhelper");
  });
});

describe("readRegistriesConfig()", () => {
  test("lets the user's file win field by field, and finds Docker's certificates", () => {
    using folder = temporaryFolder();
    mkdirSync(`${folder.path}/etc`);
    mkdirSync(`${folder.path}/config/vial`, { recursive: true });
    mkdirSync(`${folder.path}/config/docker/certs.d/c.example:5000`, { recursive: true });
    for (const name of ["ca.crt", "client.cert", "client.key"])
      writeFileSync(`${folder.path}/config/docker/certs.d/c.example:5000/${name}`, "");
    writeFileSync(
      `${folder.path}/etc/registries.toml`,
      '[registry."docker.io"]\nmirrors = ["m.example:5000/hub"]\n[registry."a.example"]\ninsecure = true\nca = "a.pem"\n',
    );
    writeFileSync(`${folder.path}/config/vial/registries.toml`, '[registry."a.example"]\ninsecure = false\n');
    const config = readRegistriesConfig({ XDG_CONFIG_HOME: `${folder.path}/config` }, `${folder.path}/etc`);
    expect(settingsFor(config, "docker.io").mirrors).toEqual(["m.example:5000/hub"]);
    expect(settingsFor(config, "a.example")).toEqual({
      mirrors: [],
      insecure: false,
      ca: [`${folder.path}/etc/a.pem`],
    });
    const certificates = `${folder.path}/config/docker/certs.d/c.example:5000`;
    expect(settingsFor(config, "c.example:5000")).toEqual({
      mirrors: [],
      insecure: false,
      ca: [`${certificates}/ca.crt`],
      client: { certificate: `${certificates}/client.cert`, key: `${certificates}/client.key` },
    });
  });

  test("names the file and the field that is wrong", async () => {
    using folder = temporaryFolder();
    const read = (text: string) => {
      writeFileSync(`${folder.path}/registries.toml`, text);
      return failure((async () => readRegistriesConfig({}, folder.path))());
    };
    const misspelt = await read('[registry."a"]\ninsecur = true\n');
    expect(misspelt.code).toBe("registries-file-invalid");
    expect(misspelt.why).toContain("insecur");
    expect((await read('[registry."a"]\nmirrors = ["ftp://x"]\n')).why).toStartWith("registry.a.mirrors.0: ");
    expect((await read("[registry")).why).toContain("it is no TOML");
  });
});
