import { parseSource, parseTarget } from "#engine";
import { parseSquashfsPacking } from "#sif";
import type { Platform } from "#spec";
import { convertShowing, printPushed } from "./convert-wish.ts";
import { pushTargetNear } from "./error.ts";

/** Sends an image file to a registry. Gives the line that says what is there now. Throws push-target-near. */
export async function pushFile(
  path: string,
  uri: string,
  wish: {
    readonly insecure: boolean;
    readonly quiet: boolean;
    readonly platform: Platform | undefined;
  },
): Promise<string> {
  const cwd = process.cwd();
  const target = parseTarget(uri, cwd);
  if (!("reference" in target)) throw pushTargetNear(uri);
  const { insecure, platform, quiet } = wish;
  const asked = { packing: parseSquashfsPacking("zstd"), force: false, insecure, platform };
  return printPushed(target, await convertShowing(parseSource(path, cwd), target, asked, { quiet }), quiet);
}
