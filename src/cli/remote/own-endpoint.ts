import { openEngine } from "#engine";
import { optionTable } from "../docker/table/options.ts";
import { chooseEndpoint, type RemoteEndpoint } from "./endpoint.ts";
import { remoteNotYet } from "./error.ts";

/** What is done here whichever engine is named, though Docker has the word. */
const ofClient = /^(login|logout|search|context .*)$/;

/**
 * The engine of a command under Vial's own name. `context use` does not count here: it is Docker's setting, and a machine that
 * has Docker beside Vial would be sent away from itself. Verbs that Docker does not have are done here; throws
 * remote-not-yet where an option names an engine for one of them.
 */
export function chooseOwnEndpoint(
  wish: { readonly host: string | undefined; readonly context: string | undefined },
  verb: string,
): RemoteEndpoint | undefined {
  const isEngines = Object.hasOwn(optionTable, verb) && !ofClient.test(verb);
  const isTold = wish.host !== undefined || wish.context !== undefined;
  if (!isEngines && !isTold) return undefined;
  const endpoint = chooseEndpoint(
    {
      hosts: wish.host === undefined ? [] : [wish.host],
      context: wish.context,
      tls: false,
      tlsVerify: false,
      tlsFiles: {},
    },
    {
      env: process.env,
      ownSocket: () => `${openEngine().place.run}/vial.sock`,
      current: "does not count",
    },
  );
  if (endpoint === undefined || isEngines || ofClient.test(verb)) return isEngines ? endpoint : undefined;
  throw remoteNotYet(`vial ${verb}`, endpoint.host);
}
