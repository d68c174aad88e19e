import { expect, test } from "bun:test";
import { askNft } from "./nftables.ts";

test.skipIf(process.getuid?.() !== 0)(
  "askNft() says what nft(8) says, and carries out none when one is wrong",
  () => {
    const { complaint } = askNft(
      "add table inet vial-test-none\nadd chain inet vial-test-none c { type filter hook no priority 0; }\n",
    );
    expect(complaint).toContain("unknown chain hook");
    expect(askNft("list table inet vial-test-none\n").complaint).toContain("No such file or directory");
  },
);

test.skipIf(process.getuid?.() !== 0)("askNft() gives a list as JSON", () => {
  expect(JSON.parse(askNft("list tables\n", "json").output)).toHaveProperty("nftables");
});
