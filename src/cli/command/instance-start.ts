import { instanceCommand } from "../instance/start.ts";

export const command = instanceCommand("start");
