import { outerUid } from "./kernel/user-namespace.ts";

/** Where Vial keeps things on this host. */
export interface Place {
  /** Images, containers and caches; survives a reboot. */
  readonly root: string;
  /** Sockets, bundles and the runtime's state; gone after a reboot. */
  readonly run: string;
}

/**
 * `VIAL_ROOT` overrides (its `run` folder is then below it, so that two roots never meet);
 * root uses /var/lib/vial and /run/vial; an ordinary user the XDG base directories.
 */
export function hostPlace(
  env: Readonly<Record<string, string | undefined>> = process.env,
  uid = outerUid(),
): Place {
  const override = env.VIAL_ROOT;
  if (override !== undefined && override !== "") {
    const root = override.startsWith("/") ? override : `${process.cwd()}/${override}`;
    return { root, run: `${root}/run` };
  }
  if (uid === 0) return { root: "/var/lib/vial", run: "/run/vial" };
  const home = env.HOME ?? `/tmp/vial-home-${uid}`;
  const data = absolute(env.XDG_DATA_HOME) ?? `${home}/.local/share`;
  const runtime = absolute(env.XDG_RUNTIME_DIR) ?? `/tmp/vial-run-${uid}`;
  return { root: `${data}/vial`, run: `${runtime}/vial` };
}

/**
 * The folder of this user's settings for Vial, `~/.config/vial`; undefined where there is no home. It is not below VIAL_ROOT:
 * what a person has decided outlives any store of images.
 */
export function configFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const config =
    absolute(env.XDG_CONFIG_HOME) ?? (env.HOME === undefined ? undefined : `${env.HOME}/.config`);
  return config === undefined ? undefined : `${config}/vial`;
}

/** The XDG specification says that relative paths are to be ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith("/") ? path : undefined;
}
