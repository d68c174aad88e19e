// Everything outside the process: programs, the kernel, files. The only room with side effects on the machine.
//
// `run.ts` is the only place that starts a process; each outside program has one wrapper in `program/`
// (arguments, the call, the reading of its output; no opinion). `kernel/` holds system calls, `file/` what the
// file system must promise: atomic writes, locks, removal that returns at once.

export { isDiskFull, writeAtomic, writeDurable } from "./file/atomic.ts";
export {
  type Lock,
  lockDescriptor,
  lockExclusive,
  lockExisting,
  lockPatiently,
  lockShared,
  passOnLock,
  tryLock,
} from "./file/lock.ts";
export { removeTree, treeBytes } from "./file/tree.ts";
export { checked, cString, moreOfLibc, pointer } from "./kernel/libc.ts";
export { findProgram } from "./program/find.ts";
export { type Need, needs } from "./program/needs.ts";
export {
  needProgram,
  type RunOptions,
  type RunResult,
  run,
  runChecked,
  runSync,
  type StartOptions,
  startPiped,
  type PipedProgram,
  startProgram,
} from "./run.ts";
export { watchFolder } from "./file/folder-watch.ts";
export { childrenOf, processesWith } from "./kernel/child-processes.ts";
export { fileSystemKind, isBadForManyFiles } from "./kernel/filesystem-kind.ts";
export { type FreeSpace, freeSpace } from "./kernel/free-space.ts";
export { insertRange } from "./kernel/insert-range.ts";
export { copyFile, copyFileAt } from "./kernel/copy-file.ts";
export { copySparse } from "./kernel/copy-sparse.ts";
export { type DeviceMount, mountDevice, type MountFlagName, mountFlagNames } from "./kernel/mount-device.ts";
export { makeNode, setTimes } from "./kernel/inode.ts";
export { dieWithParent, growPipe, makePipe, type Pipe } from "./kernel/pipe.ts";
export { discardTree, setAside, sweepTrash } from "./file/trash.ts";
export { configFolder, hostPlace, localDisk, type Place } from "./place.ts";
export {
  type CgroupMode,
  cgroupFolder,
  cgroupMode,
  removeEmptyCgroup,
  hideUnifiedHierarchy,
  oomKills,
  readCgroup,
  warmCgroupLock,
} from "./kernel/cgroup.ts";
export {
  DetachedMount,
  bindMount,
  makeMount,
  NearPaths,
  type MountAttribute,
  mountAttribute,
  mountTmpfs,
  unmountLazily,
} from "./kernel/mount.ts";
export {
  attachAt,
  becomeRoot,
  changeDirectory,
  changeOwner,
  cloneTree,
  currentDirectory,
} from "./kernel/mount-tree.ts";
export { keepInheritedDescriptors } from "./kernel/inherited.ts";
export { forgetShortStart, shortStart } from "./kernel/short-start.ts";
export {
  type CgroupHost,
  cgroupHost,
  joinCgroups,
  NoCgroup,
  OwnCgroup,
  removeCgroups,
} from "./kernel/own-cgroup.ts";
export { settleInTree } from "./kernel/process-tree.ts";
export { raiseLoopback } from "./kernel/loopback.ts";
export { askNft, listNft, type NftAnswer, runNft } from "./kernel/nftables.ts";
export { isReadingNames, isServed, rereadNames, startNameServer } from "./program/aardvark-dns.ts";
export { hasNftTable } from "./kernel/nft-table.ts";
export {
  addAddress,
  addDefaultRoute,
  findLink,
  type Link,
  listAddresses,
  listLinks,
  listRoutes,
  macvlanModes,
  newBridge,
  newMacvlan,
  newVeth,
  removeLink,
  setAlias,
  setBridgePort,
  switchOn,
} from "./kernel/link.ts";
export { Netlink } from "./kernel/netlink.ts";
export { NetworkNamespace } from "./kernel/network-namespace.ts";
export { type HeldPort, holdPort } from "./kernel/listener.ts";
export { type PortHolder, portHolder } from "./kernel/port-holder.ts";
export { socatRelayArgs } from "./program/socat.ts";
export { type PastaPort, startPasta, type UserAddresses } from "./program/pasta.ts";
export { makeNamedNetwork } from "./program/unshare.ts";
export { startSlirp } from "./program/slirp4netns.ts";
export { openLoop } from "./kernel/loop.ts";
export {
  dropCapabilities,
  forbidNewPrivileges,
  setHostName,
  setUmask,
  unshareNamespaces,
} from "./kernel/privilege.ts";
export { enterPrivateMounts, inUserNamespace, leaveMountsBehind } from "./kernel/namespace.ts";
export {
  belowFd,
  mayExecute,
  OpenFile,
  openFlag,
  openInside,
  openRoot,
  readFileInside,
  readOpenLink,
} from "./kernel/inside.ts";
export { readXattr, readXattrs, writeXattr } from "./kernel/xattr.ts";
export { isAlive, keepLoopFree, markProcess, ProcessHandle, type ProcessMark } from "./kernel/process.ts";
export {
  type CredentialHelperAction,
  type CredentialHelperResult,
  credentialHelper,
  type HelperCredential,
  isCredentialAbsent,
  isCredentialHelperName,
  parseHelperCredential,
  printHelperCredential,
} from "./program/credential-helper.ts";
export {
  type ForegroundRun,
  parseRuntimeLog,
  type RuntimeProgram,
  runtimeGlobalArgs,
  startCreated,
  startRuntimeRun,
} from "./program/crun.ts";
export type { Beginning } from "./program/late-config.ts";
export { sealProgram } from "./kernel/sealed-program.ts";
export {
  conmonFile,
  type ConmonAnswer,
  type ConmonWish,
  conmonRotates,
  createUnderConmon,
  resizeTerminal,
} from "./program/conmon.ts";
export { busyboxApplets } from "./program/busybox.ts";
export { lookUpAccount } from "./program/getent.ts";
export { gitClone } from "./program/git.ts";
export {
  mksquashfs,
  type SquashfsCompression,
  type SquashfsWish,
} from "./program/mksquashfs.ts";
export { sqfs2tar } from "./program/sqfs2tar.ts";
export { unpackOwnTar } from "./program/tar.ts";
export { tar2sqfs } from "./program/tar2sqfs.ts";
export { runHostScript } from "./program/host-script.ts";
export { connectAttach, finishWriting } from "./kernel/unix-socket.ts";
export { startOverSsh, type SshPlace } from "./program/ssh.ts";
export { terminalSize, withRawTerminal } from "./kernel/terminal.ts";
export {
  type DeviceState,
  type FileSystemSupport,
  type HostFacts,
  type IdRange,
  type ProgramFact,
  readHostFacts,
  type Trial,
} from "./facts.ts";
export {
  type AptSource,
  complaints,
  fetchReleaseTime,
  printAptSource,
  readAptAcquire,
  readAptSources,
  withoutCredentials,
} from "./apt.ts";
export {
  type MmdebstrapEvent,
  type MmdebstrapPhase,
  type MmdebstrapWish,
  parseMmdebstrapLine,
  startMmdebstrap,
} from "./program/mmdebstrap.ts";
export { closeInput, memoryFile, replaceProcess, replaceProcessByOpen } from "./kernel/replace-process.ts";
export { runUnderTerminal, startUnderTerminal, type TerminalProgram } from "./kernel/under-terminal.ts";
export {
  becomeMappedRoot,
  hasOneId,
  mappedRootWords,
  type EarlyNamespaces,
  enterUserNamespace,
  namespaceWords,
  joinUserNamespaceArgs,
  outerUid,
} from "./kernel/user-namespace.ts";
export { type FuseOverlay, mountFuseOverlayfs } from "./program/fuse-overlayfs.ts";
export { mkfsExt3 } from "./program/mkfs-ext3.ts";
export { listSquashfs, readSquashfsFile, unsquashfs, unsquashfsSync } from "./program/unsquashfs.ts";
export { canDisorder, mountDisorderfs } from "./program/disorderfs.ts";
export { type BackgroundStreams, startDetached, startInBackground } from "./run.ts";
export { foreignNamespaces, joinWords, type NamespaceKind } from "./program/nsenter.ts";
export { canSquashfuse, type SquashfsServer, startSquashfuse } from "./program/squashfuse.ts";
