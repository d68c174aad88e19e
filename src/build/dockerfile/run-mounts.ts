import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mountTmpfs } from "#host";
import type { SourceRange } from "#spec";
import { digestSources } from "../copy/digest.ts";
import { selectSources } from "../copy/select.ts";
import type { SourceTree } from "../copy/source-tree.ts";
import { secretMissing, sshMissing } from "./error.ts";
import type { SecretSource, Session } from "../session.ts";
import type { KeyPart } from "../step-key.ts";
import type { ProgramMount } from "../worker.ts";
import { filesFolder } from "../workspace.ts";
import { type AgentSocketOwner, openAgentSocket } from "./agent-socket.ts";
import { bindMount } from "./bind-mount.ts";
import { cacheMount, LockedCaches } from "./cache-mount.ts";
import type { RunMount } from "./instruction/mount.ts";
import { own } from "../own.ts";

/** A tree that a mount may come from, opened for as long as the mounts are needed. */
export type OpenSource = (
  from: string | undefined,
) => Promise<SourceTree & { readonly key: string | undefined }>;

/** The mounts of a RUN, ready for the runtime. */
export interface ReadyMounts extends Disposable {
  readonly mounts: readonly ProgramMount[];
  readonly env: readonly string[];
  /** A variable of `env` is a secret. */
  readonly holdsSecret: boolean;
}

/** What of the mounts belongs to the step's key: what is in them, but never a secret, a cache or an agent. */
export async function mountKeys(
  mounts: readonly RunMount[],
  open: OpenSource,
  where: SourceRange,
): Promise<readonly KeyPart[]> {
  return await Promise.all(
    mounts.map(async (mount): Promise<KeyPart> => {
      switch (mount.kind) {
        case "bind": {
          const tree = await open(mount.from);
          const content = tree.key ?? digestSources(tree, selectSources(tree, [mount.source], plain, where));
          return { ...mount, content, times: tree.form === "plain" ? "settled" : "own" };
        }
        case "cache":
        case "tmpfs":
        case "secret":
        case "ssh":
          return { ...mount };
        default:
          return mount satisfies never;
      }
    }),
  );
}

const plain = { excludes: [], parents: false };

/** Makes the mounts; nothing in them is newer than `latest`. Dispose when the program has ended: caches are locked until then. */
export async function readyMounts(
  session: Session,
  mounts: readonly RunMount[],
  open: OpenSource,
  { latest, where }: { readonly latest: number; readonly where: SourceRange },
): Promise<ReadyMounts> {
  // Trees before locks: a stage that is not done yet may want the same cache.
  const trees = await openTrees(mounts, open);
  const caches = await LockedCaches.lock(session, mounts);
  const ready: ProgramMount[] = [];
  const env: string[] = [];
  const sockets: Disposable[] = [];
  const dispose = () => {
    for (const socket of sockets) socket[Symbol.dispose]();
    caches[Symbol.dispose]();
  };
  try {
    for (const [index, mount] of mounts.entries()) {
      const place = `${filesFolder(session.worker)}/${crypto.randomUUID()}`;
      switch (mount.kind) {
        case "bind":
          ready.push(bindMount(session, mount, { tree: trees.get(index)!, latest, place, where }));
          break;
        case "cache":
          ready.push(cacheMount(mount, caches.folderOf(mount), trees.get(index), where));
          break;
        case "tmpfs": {
          const size = mount.size === undefined ? [] : [`size=${mount.size}`];
          ready.push({
            kind: "tmpfs",
            target: mount.target,
            options: ["nosuid", "nodev", "mode=1777", ...size],
          });
          break;
        }
        case "secret": {
          const secret = session.options.secrets.get(mount.id);
          if (secret === undefined) {
            if (mount.required) throw secretMissing(mount.id, where);
            break;
          }
          const value = readSecret(secret);
          if (mount.env !== undefined) env.push(`${mount.env}=${value.toString()}`);
          if (mount.env === undefined || mount.target !== undefined)
            ready.push(secretMount(mount, value, place, mount.target ?? `/run/secrets/${mount.id}`));
          break;
        }
        case "ssh": {
          const socket = session.options.agents.get(mount.id);
          if (socket === undefined) {
            if (mount.required) throw sshMissing(mount.id, where);
            break;
          }
          const target = mount.target ?? `/run/buildkit/ssh_agent.${index}`;
          const folder = filesFolder(session.worker);
          const name = crypto.randomUUID();
          sockets.push(openAgentSocket(folder, name, socket, ownerOf(mount)));
          ready.push({ kind: "bind", source: `${folder}/${name}`, target, readonly: false });
          env.push(`SSH_AUTH_SOCK=${target}`);
          break;
        }
        default:
          mount satisfies never;
      }
    }
  } catch (error) {
    dispose();
    throw error;
  }
  const holdsSecret = mounts.some((mount) => mount.kind === "secret" && mount.env !== undefined);
  return { mounts: ready, env, holdsSecret, [Symbol.dispose]: dispose };
}

/** The trees of bind mounts, and of caches that begin with files, by the number of the mount. */
async function openTrees(
  mounts: readonly RunMount[],
  open: OpenSource,
): Promise<ReadonlyMap<number, SourceTree>> {
  const trees = new Map<number, SourceTree>();
  for (const [index, mount] of mounts.entries())
    if (mount.kind === "bind" || (mount.kind === "cache" && mount.from !== undefined))
      trees.set(index, await open(mount.from));
  return trees;
}

/** In memory alone, and gone with the mount namespace: no disk ever has it. */
function secretMount(
  mount: RunMount & { readonly kind: "secret" },
  value: Buffer,
  place: string,
  target: string,
): ProgramMount {
  mkdirSync(place, { mode: 0o700 });
  mountTmpfs(place, "size=1m,mode=700");
  writeFileSync(`${place}/secret`, value, { mode: 0o600 });
  own(`${place}/secret`, mount.uid ?? 0, mount.gid ?? 0);
  chmodSync(`${place}/secret`, mount.mode ?? 0o400);
  return { kind: "bind", source: `${place}/secret`, target, readonly: true };
}

function ownerOf({ mode = 0o600, uid = 0, gid = 0 }: RunMount & { readonly kind: "ssh" }): AgentSocketOwner {
  return { mode, uid, gid };
}

function readSecret(secret: SecretSource): Buffer {
  return secret.kind === "file" ? readFileSync(secret.path) : Buffer.from(process.env[secret.name] ?? "");
}

/** A script that names its own interpreter: a file outside of the image. */
export function pipeFile(session: Session, name: string, content: string): ProgramMount {
  const source = `${filesFolder(session.worker)}/${crypto.randomUUID()}`;
  writeFileSync(source, content, { mode: 0o755 });
  chmodSync(source, 0o755);
  return { kind: "bind", source, target: `/dev/pipes/${name}`, readonly: true };
}
