import { expect, test } from "bun:test";
import { askNft } from "./nftables.ts";

const why =
  process.getuid?.() === 0 ? undefined : "the packet filter is root's, and this is an ordinary user";
if (why !== undefined) console.warn(`skipped: what the packet filter answers, because ${why}`);

test.skipIf(why !== undefined)(
  "askNft() says what nft(8) says, and carries out none when one is wrong",
  () => {
    const { complaint } = askNft(
      "add table inet vial-test-none\nadd chain inet vial-test-none c { type filter hook no priority 0; }\n",
    );
    expect(complaint).toContain("unknown chain hook");
    expect(askNft("list table inet vial-test-none\n").complaint).toContain("No such file or directory");
  },
);

test.skipIf(why !== undefined)("askNft() gives a list as JSON", () => {
  expect(JSON.parse(askNft("list tables\n", "json").output)).toHaveProperty("nftables");
});
