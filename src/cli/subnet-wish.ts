import type { NetworkCreateWish } from "#engine";
import { optionInvalid } from "./error.ts";
import type { Flags } from "./parse.ts";

type SubnetWish = NonNullable<NetworkCreateWish["subnets"]>[number];
type Changing<T> = { -readonly [Key in keyof T]: T[Key] };

/** What `--subnet`, `--gateway`, `--ip-range` and `--aux-address` wish: each goes to the subnet that it lies in. */
export function readSubnets(flags: Flags): readonly SubnetWish[] {
  const subnets: Changing<SubnetWish>[] = flags.list("subnet").map((subnet) => ({ subnet }));
  const place = (flag: string, value: string): Changing<SubnetWish> => {
    if (subnets.length === 0) subnets.push({});
    // Which one an address lies in is the engine's to check: of one family each there is one alone, as a rule.
    const fitting = subnets.filter(({ subnet = "" }) => subnet.includes(":") === value.includes(":"));
    const near =
      fitting.length > 1 ? fitting.find(({ subnet = "" }) => beginsAlike(subnet, value)) : fitting[0];
    if (near === undefined)
      throw optionInvalid(flag, value, "no --subnet has it", `give the --subnet of it too`);
    return near;
  };
  for (const gateway of flags.list("gateway")) place("--gateway", gateway).gateway = gateway;
  for (const range of flags.list("ip-range")) place("--ip-range", range).range = range;
  for (const entry of flags.list("aux-address")) {
    const equals = entry.indexOf("=");
    if (equals < 1)
      throw optionInvalid("--aux-address", entry, "it is not NAME=ADDRESS", "--aux-address router=10.89.5.1");
    const subnet = place("--aux-address", entry.slice(equals + 1));
    subnet.auxiliary = { ...subnet.auxiliary, [entry.slice(0, equals)]: entry.slice(equals + 1) };
  }
  return subnets;
}

/** Up to where the subnet's own digits are, without its zeros: "10.89.5.0/24" and "10.89.5.1". */
function beginsAlike(subnet: string, address: string): boolean {
  return address.startsWith(subnet.replace(/\/.*$/, "").replace(/(\.0)+$|::$/, ""));
}
