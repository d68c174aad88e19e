import { errorResponse } from "../error-response.ts";
import type { Answer, Outlet } from "../route.ts";

/** A line of the streams of pull, push, load, import and build. */
export interface Message {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly progress?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly aux?: object;
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message: string };
}

/** Milliseconds. */
const interval = 100;

/** Where the work says what it does, at once and without waiting. */
export class Messages {
  readonly #waiting: Message[] = [];
  #outlet: Outlet | undefined;
  #written: Promise<void> = Promise.resolve();
  #open = 0;
  readonly #counted = new Map<string, number>();
  #begun = () => {};
  /** Resolves with the first message. */
  readonly begun = new Promise<void>((resolve) => {
    this.#begun = resolve;
  });

  say(message: Message): void {
    this.#begun();
    if (this.#outlet === undefined) {
      this.#waiting.push(message);
      return;
    }
    const outlet = this.#outlet;
    this.#open++;
    this.#written = this.#written.then(async () => {
      // moby ends its lines so, and old clients split there.
      await outlet.write(`${JSON.stringify(message)}\r\n`);
      this.#open--;
    });
  }

  /**
   * say() for counts that grow: left out where the last of this `id` was a moment ago, and while the client has not taken
   * what came before: one that reads slowly must not fill our memory.
   */
  sayCount(message: Message & { readonly id: string }): void {
    const now = performance.now();
    if (this.#open > 0 || now - (this.#counted.get(message.id) ?? 0) < interval) return;
    this.#counted.set(message.id, now);
    this.say(message);
  }

  async attach(outlet: Outlet): Promise<void> {
    this.#outlet = outlet;
    for (const message of this.#waiting.splice(0)) this.say(message);
    await this.#written;
  }

  /** Resolves when the client has taken everything. */
  async flush(): Promise<void> {
    await this.#written;
  }
}

/**
 * The answer of work that tells how it goes. What it throws before its first message has a status of its own; later it is
 * a line of the stream, behind which the stream ends.
 */
export async function messageAnswer(
  work: (messages: Messages) => Promise<void>,
  faultOf: (error: unknown) => unknown = (error) => error,
): Promise<Answer> {
  const messages = new Messages();
  const done = work(messages);
  done.catch(() => {});
  try {
    await Promise.race([messages.begun, done]);
  } catch (error) {
    throw faultOf(error);
  }
  return {
    status: 200,
    type: "application/json",
    stream: async (outlet) => {
      await messages.attach(outlet);
      try {
        await done;
      } catch (error) {
        messages.say(errorMessage(faultOf(error)));
      }
      await messages.flush();
    },
  };
}

export function errorMessage(error: unknown): Message {
  const { message } = errorResponse(error);
  return { errorDetail: { message }, error: message };
}
