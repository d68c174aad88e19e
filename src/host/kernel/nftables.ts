import { dlopen, type FFIFunction } from "bun:ffi";
import { nftRefused } from "../error.ts";
import { runSync } from "../run.ts";
import { cString, pointer } from "./libc.ts";

// libnftables(3), the library behind nft(8): the kernel's packet filter spoken to from this process, in a fifth of the time
// that nft(8) takes to start. The kernel takes all commands of one call or none.

const functions = {
  nft_ctx_new: { args: ["u32"], returns: "ptr" },
  nft_ctx_free: { args: ["ptr"], returns: "void" },
  nft_ctx_buffer_output: { args: ["ptr"], returns: "i32" },
  nft_ctx_buffer_error: { args: ["ptr"], returns: "i32" },
  nft_ctx_get_output_buffer: { args: ["ptr"], returns: "cstring" },
  nft_ctx_get_error_buffer: { args: ["ptr"], returns: "cstring" },
  nft_ctx_output_set_flags: { args: ["ptr", "u32"], returns: "void" },
  nft_run_cmd_from_buffer: { args: ["ptr", "ptr"], returns: "i32" },
} as const satisfies Record<string, FFIFunction>;

const NFT_CTX_OUTPUT_JSON = 1 << 4;

type Library = ReturnType<typeof dlopen<typeof functions>>["symbols"];
let opened: Library | "absent" | undefined;

function library(): Library | undefined {
  if (opened === undefined) {
    try {
      opened = dlopen("libnftables.so.1", functions).symbols;
    } catch {
      opened = "absent";
    }
  }
  return opened === "absent" ? undefined : opened;
}

export interface NftAnswer {
  readonly output: string;
  /** What was wrong, as nft(8) says it; undefined when all was carried out. */
  readonly complaint: string | undefined;
}

/**
 * Carries out commands of nft(8) in the network namespace of this thread, all or none. The text is a program: no word of a
 * stranger belongs into it unchecked. Throws program-missing where there is neither library nor program.
 */
export function askNft(commands: string, form: "text" | "json" = "text"): NftAnswer {
  const nft = library();
  if (nft === undefined) return askProgram(commands, form);
  // A new one for each call: it has a socket, which belongs to the namespace in which it was opened.
  const context = nft.nft_ctx_new(0);
  if (context === null) return askProgram(commands, form);
  try {
    nft.nft_ctx_buffer_output(context);
    nft.nft_ctx_buffer_error(context);
    if (form === "json") nft.nft_ctx_output_set_flags(context, NFT_CTX_OUTPUT_JSON);
    const text = cString(commands);
    const failed = nft.nft_run_cmd_from_buffer(context, pointer(text)) !== 0;
    const output = nft.nft_ctx_get_output_buffer(context)?.toString() ?? "";
    const said = nft.nft_ctx_get_error_buffer(context)?.toString().trim();
    return { output, complaint: failed ? said || "it gave no reason" : undefined };
  } finally {
    nft.nft_ctx_free(context);
  }
}

function askProgram(commands: string, form: "text" | "json"): NftAnswer {
  const args = [...(form === "json" ? ["--json"] : []), "--file", "-"];
  const { exitCode, stdout, stderr } = runSync("nft", args, { input: commands, timeout: 30_000 });
  return {
    output: stdout,
    complaint: exitCode === 0 ? undefined : stderr.trim() || "it gave no reason",
  };
}

/** askNft() for who cannot go on without: throws nft-refused. */
export function runNft(commands: string): string {
  const { output, complaint } = askNft(commands);
  if (complaint !== undefined) throw nftRefused(complaint);
  return output;
}

/** What a `list` command of nft(8) gives, as objects of libnftables-json(5). Throws nft-refused. */
export function listNft(command: string): readonly Readonly<Record<string, unknown>>[] {
  const { output, complaint } = askNft(command, "json");
  if (complaint !== undefined) throw nftRefused(complaint);
  if (output.trim() === "") return [];
  return (JSON.parse(output) as { nftables: readonly Record<string, unknown>[] }).nftables;
}
