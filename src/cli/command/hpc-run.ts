import { hpcCommand } from "../hpc/verb.ts";

export const command = hpcCommand("run");
