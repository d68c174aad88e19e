import { describe, expect, test } from "bun:test";
import type { MountWish } from "#engine";
import { parseMount } from "./mount-flag.ts";
import { parseVolume } from "./mount-syntax.ts";

const volume = {
  kind: "volume",
  name: "",
  anonymous: true,
  target: "/x",
  readonly: false,
  propagation: "rprivate",
  nocopy: false,
  subpath: "",
  create: { driver: "local", options: {}, labels: {} },
} as const satisfies MountWish;
const bind = {
  kind: "bind",
  source: "/etc",
  target: "/x",
  readonly: false,
  propagation: "rprivate",
  recursive: true,
} as const satisfies MountWish;
const named = { ...volume, name: "data", anonymous: false } as const;

const mounts: readonly (readonly [text: string, wish: MountWish])[] = [
  ["target=/x", volume],
  ["type=volume,src=data,dst=/x", named],
  ["type=Volume,source=data,destination=/x/,consistency=cached", named],
  ["src=data,dst=/x,readonly,volume-nocopy=1", { ...named, readonly: true, nocopy: true }],
  ["src=data,dst=/x,ro=false,volume-subpath=a/b", { ...named, subpath: "a/b" }],
  [
    'src=data,dst=/x,volume-driver=local,volume-label=a=b=c,volume-label=flag,"volume-opt=o=x,y"',
    { ...named, create: { driver: "local", options: { o: "x,y" }, labels: { a: "b=c", flag: "" } } },
  ],
  ["type=bind,src=/etc,dst=/x", bind],
  [
    "type=bind,src=/etc,dst=/x,ro,bind-propagation=rslave",
    { ...bind, readonly: true, propagation: "rslave" },
  ],
  ["type=bind,src=/etc,dst=/x,bind-nonrecursive", { ...bind, recursive: false }],
  ["type=bind,src=/etc,dst=/x,bind-recursive=disabled", { ...bind, recursive: false }],
  [
    "type=bind,src=/etc,dst=/x,ro,bind-recursive=writable",
    { ...bind, readonly: true, submountsWritable: true },
  ],
  ["type=tmpfs,dst=/x", { kind: "tmpfs", target: "/x", options: ["mode=1777"] }],
  [
    "type=tmpfs,dst=/x,tmpfs-size=1m,tmpfs-mode=0700,ro",
    { kind: "tmpfs", target: "/x", options: ["size=1048576", "mode=0700", "ro"] },
  ],
  ["type=image,src=busybox:1,dst=/x", { kind: "image", image: "busybox:1", target: "/x", subpath: "" }],
  ["type=image,src=b,dst=/x,image-subpath=bin", { kind: "image", image: "b", target: "/x", subpath: "bin" }],
];

describe("parseMount()", () => {
  for (const [text, wish] of mounts)
    test(`reads ${text}`, () => expect<MountWish>(parseMount(text)).toEqual(wish));

  const refused: readonly (readonly [text: string, why: string])[] = [
    ["type=volume", "no target"],
    ["type=bind,dst=/x", "needs a source"],
    ["type=bind,src=/etc,dst=/x,bind-recursive=readonly", "read-only"],
    ["type=bind,src=/etc,dst=/x,bind-recursive=odd", "bind-recursive"],
    ["type=tmpfs,src=/etc,dst=/x", "no source"],
    ["type=image,dst=/x", "needs a source"],
    ["type=cluster,dst=/x", "swarms"],
    ["dst=/x,volume-label==a", "no name"],
    ["dst=/x,odd", "not KEY=VALUE"],
    ["dst=/x,ro=maybe", "neither true nor false"],
    ["dst=/x/../y", '".."'],
  ];
  for (const [text, why] of refused)
    test(`refuses ${text}`, () => {
      let said = "";
      try {
        parseMount(text);
      } catch (error) {
        said = `${(error as Error).message} ${(error as { why?: string }).why}`;
      }
      expect(said).toContain(why);
    });
});

describe("parseVolume()", () => {
  const cases: readonly (readonly [text: string, wish: MountWish])[] = [
    ["/x", volume],
    ["data:/x", named],
    ["data:/x:ro,nocopy,z", { ...named, readonly: true, nocopy: true }],
    ["data:/x:cached", named],
    ["/etc:/x", bind],
    ["/etc:/x:ro,rslave", { ...bind, readonly: true, propagation: "rslave" }],
  ];
  for (const [text, wish] of cases)
    test(`reads ${text}`, () => expect<MountWish>(parseVolume(text, "local")).toEqual(wish));
});
