import { chmodSync, rmSync } from "node:fs";
import type { Socket } from "bun";
import { openRoot } from "#host";
import { own } from "../own.ts";

// An ssh agent's socket for one RUN. It is our own socket, with the owner and the mode that the mount asks for: those of the
// agent's belong to the person. And it passes on no more than a build needs: a recipe of somebody else may have signed, but
// may not take the person's keys away, add some or lock the agent. What BuildKit lets through is the same.
//
// A message is its length in four bytes, then its kind in one (draft-miller-ssh-agent, section 3).

const allowed: ReadonlySet<number> = new Set([
  11, // SSH_AGENTC_REQUEST_IDENTITIES
  13, // SSH_AGENTC_SIGN_REQUEST
]);

/** SSH_AGENT_FAILURE */
const refusal = Buffer.from([0, 0, 0, 1, 5]);

/** What OpenSSH takes at most. */
const longestMessage = 256 * 1024;

export interface AgentSocketOwner {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Listens at `folder/name` for the agent that listens at `agent`, until disposed. */
export function openAgentSocket(
  folder: string,
  name: string,
  agent: string,
  owner: AgentSocketOwner,
): Disposable {
  const path = `${folder}/${name}`;
  // The address of a socket has 107 bytes (unix(7)), and the path of a store may be longer.
  using open = openRoot(folder);
  const clients = new Map<Socket, Conversation>();
  const server = Bun.listen({
    unix: `${open.path}/${name}`,
    socket: {
      open: (client) => void clients.set(client, new Conversation(client, agent)),
      data: (client, bytes) => clients.get(client)?.ask(bytes),
      drain: (client) => clients.get(client)?.flush(),
      close(client) {
        clients.get(client)?.end();
        clients.delete(client);
      },
    },
  });
  const close = () => {
    server.stop(true);
    for (const conversation of clients.values()) conversation.end();
    rmSync(path, { force: true });
  };
  try {
    own(path, owner.uid, owner.gid);
    chmodSync(path, owner.mode);
  } catch (error) {
    close();
    throw error;
  }
  return { [Symbol.dispose]: close };
}

/** One client. The next message is looked at when the one before has its answer, because answers have no numbers. */
class Conversation {
  readonly #client: Socket;
  readonly #toClient: Outbox;
  #toAgent: Outbox | undefined;
  readonly #agent: Promise<Socket>;
  #asked = Buffer.alloc(0);
  #answer = Buffer.alloc(0);
  #waits = false;
  #ended = false;

  constructor(client: Socket, agent: string) {
    this.#client = client;
    this.#toClient = new Outbox(client);
    this.#agent = Bun.connect({
      unix: agent,
      socket: {
        open: (connected) => {
          this.#toAgent = new Outbox(connected);
          this.#next();
        },
        data: (_agent, bytes) => this.#answered(bytes),
        drain: () => this.#toAgent?.flush(),
        close: () => this.#hangUp(),
        error: () => this.#hangUp(),
      },
    });
    this.#agent.catch(() => this.#hangUp());
  }

  ask(bytes: Uint8Array): void {
    this.#asked = Buffer.concat([this.#asked, bytes]);
    this.#next();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#agent.then(
      (agent) => agent.end(),
      () => {},
    );
  }

  /** Writes what the client had no room for. */
  flush(): void {
    this.#toClient.flush();
  }

  #next(): void {
    while (!this.#waits && !this.#ended && this.#toAgent !== undefined) {
      const length = messageLength(this.#asked);
      if (length === undefined) return;
      if (length > longestMessage) {
        this.#hangUp();
        return;
      }
      if (this.#asked.length < length) return;
      const message = this.#asked.subarray(0, length);
      this.#asked = this.#asked.subarray(length);
      if (allowed.has(message[4] ?? 0)) {
        this.#waits = true;
        this.#toAgent.put(message);
      } else this.#toClient.put(refusal);
    }
  }

  #answered(bytes: Uint8Array): void {
    this.#answer = Buffer.concat([this.#answer, bytes]);
    const length = messageLength(this.#answer);
    if (length === undefined || this.#answer.length < length) return;
    const answer = this.#answer.subarray(0, length);
    this.#answer = this.#answer.subarray(length);
    this.#waits = false;
    this.#toClient.put(answer);
    this.#next();
  }

  #hangUp(): void {
    this.#client.end();
    this.end();
  }
}

/** What a socket has no room for yet waits here. */
class Outbox {
  readonly #socket: Socket;
  #unsent = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  put(bytes: Uint8Array): void {
    this.#unsent = Buffer.concat([this.#unsent, bytes]);
    this.flush();
  }

  flush(): void {
    if (this.#unsent.length === 0) return;
    const count = this.#socket.write(this.#unsent);
    this.#unsent = this.#unsent.subarray(Math.max(0, count));
  }
}

/** With its own four bytes; undefined while they are not here. */
function messageLength(bytes: Buffer): number | undefined {
  return bytes.length < 4 ? undefined : 4 + bytes.readUInt32BE(0);
}
