// From the text of a recipe to an image.
//
// The front ends: text in, data out, nothing touched. For Dockerfiles:
//
//   parseDockerfile(text)      directives and instructions, each with its place in the file
//   readStages(dockerfile)     FROMs with their variables put in, who needs whom, which stage to build
//   stagesToBuild(graph)       the stages in the order in which they can be built
//   unusedBuildArgs(...)       the --build-args that no ARG takes
//   parseIgnoreFile(text)      a .dockerignore, for a walk over the context
//   lint(dockerfile)           what can be built and still is wrong
//   printSourceLines(...)      the lines that an error is about
//
// For Singularity definition files:
//
//   readBuildArguments(...)    values for {{ NAME }}
//   parseDeffile(text, ...)    stages, headers and sections, with the values put in
//   readDeffile(parsed)        what they mean: what a stage begins from, which files it copies, its scripts and labels
//   postScripts(stage)         what %post and the apps have to run
//   splitScript(text, shell)   such a script as steps to be cached, or why it is one
//   makeSteps(commands, ...)   their texts, which hand the state of the shell from one to the next
//   readCarriedState(text)     what a step has left
//   prepareSingularityFiles()  the files of /.singularity.d, before %post and
//   finishSingularityFiles()   behind it
//
// An example: "ARG V=1 / FROM debian:$V AS a / FROM scratch / COPY --from=a /etc/x /" has two stages. The second one has
// needs [0], so stagesToBuild() gives both, the first one first; its base is { kind: "image", reference: "debian:1" }.
//
// What carries the steps out: a Session holds what one build shares, StageBuilder and buildStage() go through the
// instructions, copy/ copies, workspace.ts mounts the root of a step and packs what changed, step-cache.ts remembers it.
//
// Inside of the room, for whoever carries the steps out: expandInstruction() puts the variables of a Scope (scope.ts) into
// an instruction, resolveMount() into a mount, runScript() tells what a RUN with its heredocs hands to the system.
//
// Words: a *statement* is an instruction cut into its parts, before they mean anything. A *stage* is a FROM and what
// stands below it. A *scope* is what ARG and ENV have set up to a place. What BuildKit does is the measure; where Vial
// differs is listed in docs/dockerfile.md and docs/deffile.md.

export { type ContextOptions, type ContextPlace, OpenContexts } from "./context/contexts.ts";
export { contextMissing } from "./error.ts";
export { isGit } from "./dockerfile/remote.ts";
export { buildDockerfile } from "./dockerfile/build.ts";
export { buildDeffile, type DeffileOptions, isDeffile } from "./deffile/build.ts";
export type { EscapeCharacter } from "./dockerfile/directive.ts";
export type { Variables } from "./dockerfile/expand.ts";
export { type IgnoreMatcher, type IgnoreState, parseIgnoreFile } from "./dockerfile/ignore.ts";
export type { Instruction, StageInstruction, StageName } from "./dockerfile/instruction.ts";
export {
  type LintFinding,
  type LintOptions,
  type LintReport,
  lint,
  refuseFindings,
} from "./dockerfile/lint.ts";
export { type Dockerfile, parseDockerfile } from "./dockerfile/parse.ts";
export { splitStages } from "./dockerfile/split-stages.ts";
export type { StageSource } from "./dockerfile/stage-source.ts";
export {
  readStages,
  type Stage,
  type StageGraph,
  type StageOptions,
  stagesToBuild,
  unusedBuildArgs,
} from "./dockerfile/stages.ts";
export { type BuildEvent, type BuildReport, type StepInfo, StepReporter } from "./event.ts";
export { writeStage } from "./image-result.ts";
export {
  type BuildOptions,
  type BuiltStage,
  type CacheSource,
  type DebugShell,
  type SecretSource,
  Session,
} from "./session.ts";
export type { SameTwiceReport } from "./check/same-twice.ts";
export { notReproducible } from "./error.ts";
export { ownersFaked } from "./own.ts";
export { proposeRecipe } from "./propose/propose.ts";
export { printSourceLines } from "./source-error.ts";
export { readCacheImage, writeCacheImage } from "./cache-image.ts";
export { type CacheEntry, forgetSteps, listSteps } from "./step-cache.ts";
export { heldByBuilds, type StepResult } from "./step-record.ts";
export type { BaseImage, ProgramEnd, ProgramRun, Worker } from "./worker.ts";
export { makeLayer, openRootTree, removeFilesFolder, sweepWorkspaces } from "./workspace.ts";
export { addSingularityFiles } from "./deffile/add-singularity-files.ts";
export { type ImageOrigin, type SingularityFiles, singularityFilesOf } from "./deffile/image-entries.ts";
export type { ImageEntry } from "./deffile/image/entry.ts";
