import { configFolder } from "#host";
import { keyringHomeless } from "./error.ts";

// Where OpenPGP keys are kept: two files of binary keys in a folder, as Apptainer has them.

type Env = Readonly<Record<string, string | undefined>>;

export interface KeyringPlace {
  /** Whose: Vial writes into `own` and, for all users of the machine, into `machine`; those of the others it reads. */
  readonly origin: "own" | "machine" | "apptainer" | "singularity";
  readonly folder: string;
}

export type Ring = "public" | "secret";

/** For all users of a machine: public keys alone, written by root. */
export const machineKeys: KeyringPlace = { origin: "machine", folder: "/etc/vial/keys" };

/** This user's own. Throws keyring-homeless. */
export function ownKeys(env: Env = process.env): KeyringPlace {
  const config = configFolder(env);
  if (config === undefined) throw keyringHomeless();
  return { origin: "own", folder: `${config}/keys` };
}

/** All that are read, the own ones first. A person who comes from Apptainer finds his keys. */
export function keyringPlaces(env: Env = process.env): readonly KeyringPlace[] {
  const home = env.HOME;
  const config = configFolder(env);
  const below = (folder: string) => (home === undefined ? undefined : `${home}/${folder}`);
  const apptainer =
    env.APPTAINER_KEYSDIR ??
    (env.APPTAINER_CONFIGDIR === undefined ? below(".apptainer/keys") : `${env.APPTAINER_CONFIGDIR}/keys`);
  const singularity = env.SINGULARITY_KEYSDIR ?? env.SINGULARITY_SYPGPDIR ?? below(".singularity/keys");
  const places: readonly (readonly [KeyringPlace["origin"], string | undefined])[] = [
    ["own", config === undefined ? undefined : `${config}/keys`],
    ["machine", machineKeys.folder],
    ["apptainer", apptainer],
    ["singularity", singularity],
    // Before Singularity 4.
    ["singularity", below(".singularity/sypgp")],
  ];
  return places.flatMap(([origin, folder]) =>
    folder === undefined || folder === "" ? [] : [{ origin, folder }],
  );
}

export function ringFile({ folder }: KeyringPlace, ring: Ring): string {
  return `${folder}/pgp-${ring}`;
}
