import { macvlanModes } from "#host";
import { parseAddress } from "./address.ts";
import { networkOptionInvalid, networkOptionUnsupported } from "./error.ts";

// The options of `-o`, by Docker's names. Each one acts or is refused.

const bridgePrefix = "com.docker.network.bridge.";
const mtuNames = ["com.docker.network.driver.mtu", "mtu"];

export interface DriverSettings {
  /** The interface of a bridge, or the one below a macvlan. */
  readonly interface?: string;
  readonly mtu?: number;
  readonly isolated: boolean;
  readonly masquerade: boolean;
  readonly hostBinding?: string;
}

/** Throws network-option-invalid, network-option-unsupported. */
export function readDriverOptions(
  driver: "bridge" | "macvlan",
  options: Readonly<Record<string, string>>,
): DriverSettings {
  const settings: { -readonly [Key in keyof DriverSettings]: DriverSettings[Key] } = {
    isolated: false,
    masquerade: true,
  };
  for (const [name, value] of Object.entries(options)) {
    const shown = `-o ${name}=${value}`;
    if (mtuNames.includes(name)) settings.mtu = readMtu(shown, value);
    else if (driver === "macvlan" && name === "parent") settings.interface = checkInterface(shown, value);
    else if (driver === "macvlan" && name === "macvlan_mode") macvlanMode(options);
    else if (driver === "bridge" && name === `${bridgePrefix}name`)
      settings.interface = checkInterface(shown, value);
    else if (driver === "bridge" && name === `${bridgePrefix}enable_icc`)
      settings.isolated = !readBool(shown, value);
    else if (driver === "bridge" && name === `${bridgePrefix}enable_ip_masquerade`)
      settings.masquerade = readBool(shown, value);
    else if (driver === "bridge" && name === `${bridgePrefix}host_binding_ipv4`)
      settings.hostBinding = checkBinding(shown, value);
    else
      throw networkOptionUnsupported(
        shown,
        `the driver ${driver} of this version of Vial has no such option`,
        driver === "bridge"
          ? `leave it out; it has ${bridgePrefix}{name,enable_icc,enable_ip_masquerade,host_binding_ipv4} and ${mtuNames[0]}`
          : "leave it out; it has parent, macvlan_mode and mtu",
      );
  }
  return settings;
}

function readBool(shown: string, value: string): boolean {
  if (["true", "1", "t", "T", "TRUE", "True"].includes(value)) return true;
  if (["false", "0", "f", "F", "FALSE", "False"].includes(value)) return false;
  throw networkOptionInvalid(shown, "it has to be true or false", "write true or false");
}

function readMtu(shown: string, value: string): number {
  const mtu = Number(value);
  // Below 1280 there is no IPv6 (RFC 8200), below 68 no Internet (RFC 791).
  if (!/^\d{2,5}$/.test(value) || mtu < 68 || mtu > 65535)
    throw networkOptionInvalid(shown, "it has to be a number from 68 to 65535", `-o ${mtuNames[0]}=1450`);
  return mtu;
}

function checkBinding(shown: string, value: string): string {
  if (parseAddress(value)?.family !== 4)
    throw networkOptionInvalid(shown, "it has to be an IPv4 address of this host", "write it like 127.0.0.1");
  return value;
}

/** A name goes into rules and paths: only what needs no quotes in either. */
function checkInterface(shown: string, value: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/.test(value))
    throw networkOptionInvalid(
      shown,
      'an interface has up to 15 letters, digits, "_", "." and "-"',
      "write it like br-web",
    );
  return value;
}

export function macvlanMode(options: Readonly<Record<string, string>>): keyof typeof macvlanModes {
  const wanted = options.macvlan_mode ?? "bridge";
  for (const mode of Object.keys(macvlanModes) as (keyof typeof macvlanModes)[])
    if (mode === wanted) return mode;
  throw networkOptionInvalid(
    `-o macvlan_mode=${wanted}`,
    `it has to be ${Object.keys(macvlanModes).join(", ")}`,
    "-o macvlan_mode=bridge",
  );
}
