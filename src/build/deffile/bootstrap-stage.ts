import { readFileSync, statSync } from "node:fs";
import { busyboxApplets, findProgram } from "#host";
import { baseOf } from "../base-state.ts";
import { performCopy } from "../copy/perform.ts";
import { selectSources } from "../copy/select.ts";
import type { SourceTree } from "../copy/source-tree.ts";
import { baseUnknown, buildCanceled } from "../error.ts";
import type { RunningStep } from "../event.ts";
import { stepKey } from "../step-key.ts";
import type { BaseImage } from "../worker.ts";
import { agentNotYet } from "./error.ts";
import { putEntries } from "./put-entries.ts";
import { headOf, type StageSteps } from "./stage-steps.ts";

/** Makes what a stage begins with, as the agent of its header says. */
export async function bootstrapStage(steps: StageSteps): Promise<void> {
  const { bootstrap } = steps.stage;
  const { worker, options } = steps.session;
  const where = steps.stage.range;
  switch (bootstrap.kind) {
    case "scratch":
      steps.root = { ...steps.root, latest: options.epoch ?? 0 };
      return;
    case "docker":
    case "oci":
    case "oci-archive":
    case "docker-archive":
    case "debootstrap": {
      const name =
        bootstrap.kind === "docker"
          ? bootstrap.reference
          : bootstrap.kind === "debootstrap"
            ? bootstrap.suite
            : bootstrap.path;
      await beginWithImage(steps, name, async (step) =>
        bootstrap.kind === "docker"
          ? await worker.resolveImage(bootstrap.reference, options.platform, options.signal)
          : bootstrap.kind === "debootstrap"
            ? await worker.bootstrapImage(
                bootstrap,
                (line) => step.output(Buffer.from(`${line}\n`)),
                options.noCache,
              )
            : await worker.loadImage(bootstrap.path, "tag" in bootstrap ? bootstrap.tag : undefined),
      );
      return;
    }
    case "localimage": {
      if (bootstrap.fingerprints.length > 0)
        throw agentNotYet("localimage", "signatures are not verified yet", headOf(where));
      const info = statSync(bootstrap.path, { throwIfNoEntry: false });
      if (info === undefined)
        throw baseUnknown(
          bootstrap.path,
          undefined,
          new Error("there is no such file or folder"),
          headOf(where),
        );
      if (!info.isDirectory()) {
        await beginWithImage(steps, bootstrap.path, () => worker.loadImage(bootstrap.path, undefined));
        return;
      }
      const tree: SourceTree = {
        root: bootstrap.path,
        form: "whole",
        title: `the folder "${bootstrap.path}"`,
      };
      await steps.copy(`Bootstrap: localimage ${bootstrap.path}`, tree, ["/"], "/", headOf(where), true);
      return;
    }
    case "busybox": {
      const program = findProgram("busybox");
      if (program === undefined || bootstrap.mirror !== undefined)
        throw agentNotYet(
          "busybox",
          bootstrap.mirror === undefined
            ? "this machine has no busybox"
            : "a program of another machine is not fetched",
          headOf(where),
        );
      const digest = new Bun.CryptoHasher("sha256").update(readFileSync(program)).digest("hex");
      const tree: SourceTree = { root: "/", form: "plain", title: "this machine", links: "follow" };
      const sources = selectSources(tree, [program], { excludes: [], parents: false }, undefined);
      const applets = busyboxApplets(program);
      await steps.step(
        "Bootstrap: busybox",
        headOf(where),
        stepKey("busybox", { digest, applets }),
        async (space) => {
          await performCopy(space.rootfs, {
            tree,
            sources,
            files: [],
            destination: "/bin/busybox",
            parents: false,
            unpack: false,
            ownership: { time: steps.root.latest },
            where: headOf(where),
          });
          const links = applets.map(
            (name) => ({ kind: "link", path: `/bin/${name}`, target: "busybox" }) as const,
          );
          putEntries(space.rootfs, links, steps.root.latest);
        },
      );
      return;
    }
    case "oras":
      if (bootstrap.fingerprints.length > 0)
        throw agentNotYet("oras", "signatures are not verified yet", headOf(where));
      await beginWithImage(steps, bootstrap.reference, () =>
        worker.fetchSif(bootstrap.reference, options.signal),
      );
      return;
    default:
      bootstrap satisfies never;
  }
}

/** The stage stands on the layers of an image. */
async function beginWithImage(
  steps: StageSteps,
  name: string,
  find: (step: RunningStep) => Promise<BaseImage>,
): Promise<void> {
  const { reporter, options } = steps.session;
  const where = headOf(steps.stage.range);
  const step = reporter.begin({
    title: `${steps.title}Bootstrap: ${steps.stage.bootstrap.kind} ${name}`,
    where,
    needs: [],
  });
  steps.lastStep = step.info.number;
  try {
    const image = await find(step);
    step.done();
    const state = baseOf(image, options.epoch);
    steps.root = state.root;
    steps.base = state.base;
  } catch (error) {
    step.failed();
    if (options.signal.aborted) throw buildCanceled();
    throw baseUnknown(name, undefined, error, where);
  }
}
