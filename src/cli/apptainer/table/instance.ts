import { notYet, type Option, type PersonaCommand, works } from "../option.ts";
import { startOptions } from "./action.ts";

// Instances: containers of the profile hpc that stay, by a name.

const isWorking = { is: "works" } as const;
const many = Number.POSITIVE_INFINITY;

const ofUser = notYet.text(["user", "u"], "Of this user (root alone)", {
  value: "name",
  variables: ["USER"],
  note: "become that user: su NAME -c ...",
});

const json = works.bool(["json", "j"], "Print JSON", { variables: ["JSON"] });

const staying: readonly Option[] = [
  ...startOptions,
  notYet.bool(["boot"], "Start /sbin/init (root alone)", { variables: ["BOOT"], note: "no init is started" }),
  works.text(["pid-file"], "File for the process id", { value: "path", variables: ["PID_FILE"] }),
];

export const instances: readonly PersonaCommand[] = [
  {
    name: "instance start",
    usage: "[start options...] <container path> <instance name> [startscript args...]",
    summary: "Start a named instance of an image",
    args: [2, many],
    interspersed: false,
    state: isWorking,
    options: staying,
  },
  {
    name: "instance run",
    usage: "[run options...] <container path> <instance name> [runscript args...]",
    summary: "Start a named instance with the image's runscript",
    args: [2, many],
    interspersed: false,
    state: isWorking,
    options: staying,
  },
  {
    name: "instance list",
    usage: "[list options...] [<instance name glob>]",
    summary: "List the instances",
    args: [0, 1],
    state: isWorking,
    options: [
      json,
      works.bool(["logs", "l"], "Show where their output goes", { variables: ["LOGS"] }),
      ofUser,
    ],
  },
  {
    name: "instance stop",
    usage: "[stop options...] [instance]",
    summary: "Stop an instance",
    args: [0, 1],
    state: isWorking,
    options: [
      works.bool(["all", "a"], "All of them"),
      works.bool(["force", "F"], "By SIGKILL", { variables: ["FORCE"] }),
      works.text(["signal", "s"], "By this signal", {
        value: "signal",
        variables: ["SIGNAL"],
        note: "SIGTERM without it; SIGINT of Apptainer's never reaches what a shell starts in the background",
      }),
      works.text(["timeout", "t"], "Seconds until SIGKILL", { value: "seconds" }),
      ofUser,
    ],
  },
  {
    name: "instance stats",
    usage: "[stats options...] <instance name>",
    summary: "Show what an instance uses",
    args: [1, 1],
    state: isWorking,
    options: [
      works.bool(["json", "j"], "Print JSON", {
        variables: ["JSON"],
        note: "the columns of the table, and not Apptainer's counters of the control group",
      }),
      works.bool(["no-stream"], "Once"),
      ofUser,
    ],
  },
];
