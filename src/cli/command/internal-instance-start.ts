import { insideCommand } from "../instance/inside.ts";

export const command = insideCommand("start");
