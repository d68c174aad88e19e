import { err, out } from "../print.ts";
import { remoteRefused } from "./error.ts";
import { documentOf, textOf } from "./row.ts";

/**
 * Shows the messages of a pull, push, build or load there, a line each, without the bars that redraw themselves. An error
 * comes as a message too: throws remote-refused. Gives the id of what was built, where one is told.
 */
export async function showMessages(
  messages: AsyncIterable<unknown>,
  options: { readonly quiet: boolean; readonly to: "output" | "errors" },
): Promise<string | undefined> {
  const print = options.to === "output" ? out : err;
  let id: string | undefined;
  for await (const value of messages) {
    const message = documentOf(value);
    const error = textOf(documentOf(message.errorDetail).message) || textOf(message.error);
    if (error !== "") throw remoteRefused(error, 400);
    const aux = documentOf(message.aux);
    if (textOf(aux.ID) !== "") id = textOf(aux.ID);
    if (options.quiet) continue;
    if (textOf(message.stream) !== "") print(textOf(message.stream));
    const total = documentOf(message.progressDetail).total;
    if (textOf(message.status) === "" || total !== undefined) continue;
    const layer = textOf(message.id);
    print(`${layer === "" ? "" : `${layer}: `}${textOf(message.status)}\n`);
  }
  return id;
}
