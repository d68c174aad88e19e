import { checkAccount } from "#engine";
import { isVialError } from "#spec";
import type { Answer, Exchange, Route } from "../route.ts";
import { DockerAnswer } from "./phrases.ts";
import { hostOfAddress, readAuthConfig, readCredential } from "./registry-auth.ts";

/** Shows the credential to the registry. It is not kept: clients keep what they have, and send it along. */
async function login(exchange: Exchange): Promise<Answer> {
  const config = readAuthConfig("body", await exchange.json());
  const host = hostOfAddress(config.serveraddress ?? "");
  const credential = readCredential(config);
  if (credential === undefined)
    throw new DockerAnswer(400, "a user name and a password, or an identity token, is needed");
  try {
    await checkAccount(host, credential, exchange.gone);
  } catch (error) {
    const refused = isVialError(error) && ["unauthenticated", "permission-denied"].includes(error.kind);
    if (!refused) throw error;
    const address = host === "docker.io" ? "registry-1.docker.io" : host;
    throw new DockerAnswer(
      401,
      `login attempt to https://${address}/v2/ failed with status: 401 Unauthorized`,
    );
  }
  return { status: 200, json: { Status: "Login Succeeded", IdentityToken: "" } };
}

export const authRoutes: readonly Route[] = [{ method: "POST", path: "/auth", handle: login }];
