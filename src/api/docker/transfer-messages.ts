import type { TransferProgress } from "#engine";
import type { Messages } from "./message-stream.ts";
import { phaseMessage, progressMessage } from "./progress-message.ts";

// What happens to the layers of a pull or a push, in Docker's words.

type Words = Readonly<
  Record<
    Extract<TransferProgress, { kind: "layer" }>["phase"],
    { readonly status: string; readonly counts?: true }
  >
>;

const pullWords: Words = {
  waiting: { status: "Pulling fs layer" },
  downloading: { status: "Downloading", counts: true },
  unpacking: { status: "Extracting", counts: true },
  uploading: { status: "Pushing", counts: true },
  exists: { status: "Already exists" },
  mounted: { status: "Mounted" },
  done: { status: "Pull complete" },
};

const pushWords: Words = {
  ...pullWords,
  waiting: { status: "Preparing" },
  exists: { status: "Layer already exists" },
  mounted: { status: "Mounted from another repository" },
  done: { status: "Pushed" },
};

/** Gives what is to be called with each event of a transfer. */
export function transferReporter(
  messages: Messages,
  direction: "pull" | "push",
): (event: TransferProgress) => void {
  const words = direction === "pull" ? pullWords : pushWords;
  return (event) => {
    switch (event.kind) {
      case "layer": {
        const { id, phase, done, total } = event;
        const { status, counts } = words[phase];
        if (counts === true) messages.sayCount(progressMessage(id, status, done, total));
        else messages.say(phaseMessage(id, status));
        return;
      }
      case "retry":
        messages.say(phaseMessage(event.id, `Retrying: ${event.reason}`));
        return;
      case "mirror":
        messages.say({ status: `${event.host}: ${event.reason}; asking the next place` });
        return;
      case "resolved":
        return;
      default:
        event satisfies never;
    }
  };
}
