// The front office: every use case, one file per noun. The command line and the API are two doors into this room.
// Truth lies on disk, guarded by locks; an Engine is only the knowledge of where.

export { Attachment, KeySequence, type Streams } from "./container/attach.ts";
export { type CreateWish, createAndBegin, createContainer } from "./container/create.ts";
export { isUnpacked, unpackAgain } from "./container/unpacked.ts";
export { findImageRecord, type ImageRecord, recallImage } from "./container/image-record.ts";
export {
  type CachedFile,
  cacheFolder,
  cacheLimit,
  listCache,
  removeCached,
  unpackPlace,
} from "./transfer/cache-folder.ts";
export { cachedSif, nameOf } from "./transfer/cached-sif.ts";
export { type ConvertWish, type Converted, convertImage } from "./transfer/convert.ts";
export { type ImagePlace, isImageUri, parseSource, parseTarget } from "./transfer/place.ts";
export type { Attributes, ImageAttributes, Part } from "./image-file/attributes.ts";
export { inspectImageFile } from "./image-file/inspect.ts";
export { createOverlayImage } from "./overlay/create.ts";
export { needHpcFile, openHpcFile, openHpcReference } from "./hpc-image.ts";
export type { KeyringPlace, KnownKey, Ring } from "./keyring/keyring.ts";
export { loadKeyring } from "./keyring/load.ts";
export { handleExit } from "./container/end.ts";
export { type ExecWish, execInContainer, execWithOwnTerminal } from "./container/exec.ts";
export {
  type ContainerFolder,
  containerFolder,
  containerId,
  findContainer,
  readSpec,
} from "./container/folder.ts";
export { launchRun, runAttached } from "./container/run.ts";
export { killContainer, signalContainer } from "./container/signal.ts";
export { warmStart } from "./container/warm-start.ts";
export { containerPorts, portsOfId } from "./container/ports.ts";
export type { PublishedPort } from "#network";
export type { PortChange, PortRemoval } from "./container/update-ports.ts";
export { createUnderMonitor, runDirectly } from "./container/start.ts";
export { StartFailure } from "./container/start-failure.ts";
export type { ContainerState } from "./container/state.ts";
export { type Engine, openEngine } from "./engine-handle.ts";
export { systemAbilities, systemFacts } from "./system-facts.ts";
export type {
  ContainerSpec,
  EndpointWish,
  MountWish,
  NamespaceWish,
  NetworkWish,
  PortWish,
  RestartPolicy,
} from "#runtime";
export { checkEngine, type EngineCheck } from "./check.ts";
export { type Area, canRunContainers, diagnose, type Finding } from "./doctor.ts";
export {
  diskSize,
  findImage,
  type HistoryRow,
  type ImageList,
  imageHistory,
  type ImageUser,
  listImages,
  lookupImage,
  parseChanges,
  type Removed,
  type StoredImage,
} from "#image";
export type { Credential, CredentialFinder, TransferProgress } from "#registry";
export { checkAccount, credentialFor } from "./registry-account.ts";
export { lookAtRemoteImage, type RemoteSight } from "./remote-image.ts";
export { pruneUnusedImages, removeImageNamed, saveImages, tagImage } from "./image-names.ts";
export { sharedLayerBytes } from "./image-sizes.ts";
export { filterImages, imageFilters } from "./image-filter.ts";
export { imageUsers } from "./image-users.ts";
export {
  bootstrapImage,
  type BootstrapStep,
  type BootstrapWish,
  defaultNames,
  hostSuite,
} from "./bootstrap.ts";
export {
  type ArchivePlace,
  importImage,
  listRemoteTags,
  loadImages,
  type PulledImage,
  pullImage,
  type PushedImage,
  pushImage,
  type TransferOptions,
} from "./images.ts";
export { type DiskReport, diskTypes } from "./disk-report.ts";
export { type DiskUsage, measureDisk } from "./disk-usage.ts";
export { writableBytes } from "./disk-written.ts";
export { ownProgram } from "./container/exit-command.ts";
export { pauseContainer, unpauseContainer } from "./container/pause.ts";
export { type PrunedContainers, pruneContainers } from "./container/prune.ts";
export { removeContainer } from "./container/remove.ts";
export { renameContainer } from "./container/rename.ts";
export { startAttached, startContainer } from "./container/resume.ts";
export { stopContainer } from "./container/stop.ts";
export { sweepContainers } from "./container/sweep.ts";
export { updateContainer } from "./container/update.ts";
export { type WaitCondition, waitForCondition, waitForContainer } from "./container/wait.ts";
export { describeContainer, type StatusWord, statusWord } from "./container/describe.ts";
export { networkNames } from "./container/describe-network.ts";
export { createNetwork } from "./network/create.ts";
export { describeNetwork } from "./network/describe.ts";
export { findNetwork, listNetworks, type NetworkEntry } from "./network/list.ts";
export { filterNetworks, networkFilters } from "./network/filter.ts";
export { connectNetwork, disconnectNetwork } from "./network/connect.ts";
export { pruneNetworks, removeNetwork } from "./network/remove.ts";
export type { NetworkCreateWish } from "./network/wish.ts";
export { checkHealth, type Health } from "./container/health.ts";
export { containerFilters, filterContainers } from "./container/filter.ts";
export { EntryCache } from "./container/entry-cache.ts";
export { type ContainerEntry, entryOf, listContainers } from "./container/list.ts";
export { readContainerArchive, writeContainerArchive } from "./container/archive.ts";
export { readArchiveApart, writeArchiveApart } from "./container/archive-apart.ts";
export { exportApart } from "./container/export-apart.ts";
export { startApart } from "./container/start-apart.ts";
export { answerOfChild } from "./child-call.ts";
export { callApart, childCalls } from "./child-calls.ts";
export { describeStatus } from "./container/status-text.ts";
export { commitContainer, type CommitWish, diffContainer, exportContainer } from "./container/changes.ts";
export { resizeContainer } from "./container/resize.ts";
export { type LogWish, readLog, requireLog } from "./container/log.ts";
export { type ProcessTable, processTable } from "./container/process-table.ts";
export { openRootView, type RootView, runningPid } from "./container/root-view.ts";
export { attachContainer } from "./container/run.ts";
export { type Joined, joinStreams, requireJoinable, type TakeOutput } from "./container/streams.ts";
export type { OutputStream } from "./container/attach-socket.ts";
export {
  createExec,
  execIdsOf,
  type ExecSession,
  type ExecWanted,
  findExec,
} from "./container/exec-session.ts";
export { containerUsage, containerUsageDetail } from "./container/stats.ts";
export type { Usage } from "./container/usage.ts";
export { type Event, readEvents, recordEvent } from "./events.ts";
export { describeEvent, eventFilters, eventFits } from "./event-filter.ts";
export {
  type BuildEvent,
  type BuildReport,
  notReproducible,
  contextMissing,
  parseIgnoreFile,
  isGit,
  printSourceLines,
  type SameTwiceReport,
  proposeRecipe,
  type SecretSource,
  type StepInfo,
} from "#build";
export { buildApart } from "./build-apart/start.ts";
export type { BuildLine, BuildOrder, PlannedInstruction, PrintedError } from "./build-apart/order.ts";
export { performBuild } from "./build-apart/perform.ts";
export { buildCacheLimit, listBuildCache, pruneBuildCache } from "./build-cache.ts";
export type { ShellDialog } from "./debug-shell.ts";
export type { CachePlace, CacheTarget } from "./build-cache-places.ts";
export { type BuildWish, type BuiltImage, buildImage, lintRecipe, readRecipe } from "./build-image.ts";
export { anonymousMount } from "./volume/resolve.ts";
export { copyUp } from "./volume/copy-up.ts";
export type { CopyOrder } from "./volume/fill.ts";
export { createVolume, type VolumeWish } from "./volume/create.ts";
export { filterVolumes, prunableVolumes, volumeFilters, volumePruneFilters } from "./volume/filter.ts";
export { describeVolume } from "./volume/describe.ts";
export {
  findVolume,
  isVolumeName,
  listVolumes,
  type Volume,
  volumeNames,
} from "./volume/record.ts";
export { pruneSystem, systemPruneFilters, type SystemPruned, type SystemPruneWish } from "./system-prune.ts";
export { exportVolume, importVolume } from "./volume/archive.ts";
export { type PrunedVolumes, pruneVolumes, removeVolume, sweepVolumes } from "./volume/remove.ts";
export { beginInstance, type InstanceReport } from "./instance/start.ts";
export {
  instanceFiles,
  type InstanceRecord,
  listInstances,
  needInstance,
} from "./instance/record.ts";
export { type InstanceStop, stopInstance } from "./instance/stop.ts";
export { type InstanceUsage, instanceUsage } from "./instance/usage.ts";
export { isSifFile } from "./sif-image.ts";
export { type SifOutput, writeSif } from "./sif-output.ts";
export { recipeMissing } from "./error.ts";
export {
  absolutePath,
  type Action,
  exitNotExecutable,
  exitNotFound,
  type DeviceWeight,
  type HpcImage,
  type HpcWish,
  insidePath,
  isVariableName,
  type Limits,
  type MountName,
  mountNames,
  mountNameUnknown,
  type OverlayWish,
  parseBinds,
  parseMountWish,
  readCaller,
  readEnvironmentVariables,
  splitSettings,
  beginRoot,
  loadGpuPlanner,
  joinInstance,
  startInstance,
  startHpc,
  type StartManner,
  writableImageFile,
} from "#runtime";
