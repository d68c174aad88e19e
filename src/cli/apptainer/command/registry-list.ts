import { listSignedIn } from "#registry";
import { showControls } from "#kit";
import type { Command } from "../../command.ts";
import { type Listing, printList } from "../../format.ts";
import { out } from "../../print.ts";

// `apptainer registry list`: where credentials are kept for, never the credentials.

export const command: Command = {
  name: "registry list",
  usage: "",
  summary: "List the registries that one has signed in to",
  flags: [],
  args: [0, 0],
  run() {
    const rows = listSignedIn().map(({ host, path }) => ({
      URI: `docker://${showControls(host)}`,
      File: showControls(path),
    }));
    out(printList(listing, rows, undefined));
    return 0;
  },
};

const listing: Listing = { headers: { URI: "URI", File: "KEPT IN" }, table: "{{.URI}}\t{{.File}}" };
