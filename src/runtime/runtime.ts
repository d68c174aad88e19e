// Runs programs from images. One bundle (made by a pure function), one interface, and behind it the levels of isolation:
// `container` now; `env` and `vm` are to join.

export {
  type BundleFacts,
  makeResources,
  makeRuntimeConfig,
  mergeEnvironment,
  type RuntimeConfig,
  type RuntimeDevice,
} from "./bundle.ts";
export { capabilitiesOfMask, chooseCapabilities } from "./container/capability.ts";
export { exitNotExecutable, exitNotFound, explainFailure } from "./container/failure.ts";
export { readAccounts } from "./accounts.ts";
export { ContainerDriver } from "./container/driver.ts";
export { sweepCompilations } from "./container/seccomp-cache.ts";
export { checkRuntimeName, runtimeNames, runtimeStateFolder } from "./container/runtime-program.ts";
export type { BundlePlace, Driver, IsolationLevel, MonitorWish, Separation } from "./driver.ts";
export type {
  ContainerSpec,
  DeviceWish,
  EndpointWish,
  ImageOfContainer,
  MountWish,
  PortWish,
  VolumeMount,
  NamespaceWish,
  NetworkWish,
  Resources,
  RestartPolicy,
  Ulimit,
} from "./container-spec.ts";
export { type ProcessUser, resolveUser } from "./user.ts";
export { commandNotExecutable, commandNotFound } from "./error.ts";
export { absolutePath, insidePath, parseBinds, parseMountWish } from "./hpc/bind.ts";
export { readCaller } from "./hpc/caller.ts";
export { isVariableName } from "./hpc/environment.ts";
export { readEnvironmentVariables, splitSettings } from "./hpc/variables.ts";
export { imageFolderOdd, mountNameUnknown, writableImageFile } from "./hpc/error.ts";
export type { HpcImage, HpcImageFacts, RootSource } from "./hpc/root-source.ts";
export { beginRoot } from "./hpc/root-mount.ts";
export { loadGpuPlanner } from "./hpc/gpu/load.ts";
export type { StartManner } from "./hpc/manner.ts";
export type { HpcStart } from "./hpc/enter-image.ts";
export { startInstance } from "./hpc/instance.ts";
export { joinInstance } from "./hpc/join.ts";
export { listUnpacked, removeUnpacked, type UnpackPlace } from "./hpc/unpacked-root.ts";
export type { DeviceWeight, Limits } from "./hpc/limit/limits.ts";
export { startHpc } from "./hpc/start.ts";
export {
  type Action,
  type BindWish,
  type Caller,
  type HpcWish,
  type MountName,
  mountNames,
  type OverlayWish,
} from "./hpc/wish.ts";
