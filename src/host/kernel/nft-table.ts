import { attribute, Netlink } from "./netlink.ts";

const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_GETTABLE = 1;
const NFTA_TABLE_NAME = 1;
const NFPROTO_INET = 1;

/** Whether the packet filter has a table of that name in the family `inet`: one question, without loading libnftables. */
export function hasNftTable(name: string): boolean {
  using netlink = new Netlink("netfilter");
  const answer = netlink.ask(
    {
      type: (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE,
      what: `find the table ${name}`,
      // struct nfgenmsg: the family, the version 0, and a resource that tables do not have.
      body: Buffer.concat([Buffer.of(NFPROTO_INET, 0, 0, 0), attribute(NFTA_TABLE_NAME, name)]),
    },
    ["ENOENT"],
  );
  return answer !== undefined;
}
