import { diskSize, type Store, type StoredImage } from "#image";

/** An image in the shape of Docker's `image inspect` (Engine API v1.44, ImageInspect). A field that is undefined prints nothing, and templates take it for nil. */
export function describeImage(store: Store, image: StoredImage): object {
  const { config } = image;
  const defaults = config.config ?? {};
  return {
    Id: image.id,
    RepoTags: image.names,
    RepoDigests: image.repoDigests,
    Parent: "",
    Comment: config.history?.at(-1)?.comment ?? "",
    Created: image.created ?? "",
    DockerVersion: "",
    Author: config.author ?? "",
    Config: {
      Hostname: "",
      Domainname: "",
      User: defaults.User ?? "",
      AttachStdin: false,
      AttachStdout: false,
      AttachStderr: false,
      ExposedPorts: defaults.ExposedPorts ?? undefined,
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      Env: defaults.Env ?? [],
      Cmd: defaults.Cmd ?? null,
      Healthcheck: defaults.Healthcheck ?? undefined,
      Image: "",
      Volumes: defaults.Volumes ?? null,
      WorkingDir: defaults.WorkingDir ?? "",
      Entrypoint: defaults.Entrypoint ?? null,
      OnBuild: defaults.OnBuild ?? null,
      Labels: defaults.Labels ?? null,
      StopSignal: defaults.StopSignal ?? undefined,
      Shell: defaults.Shell ?? undefined,
    },
    Architecture: image.platform.architecture,
    Variant: image.platform.variant,
    Os: image.platform.os,
    Size: diskSize(store, image),
    GraphDriver: { Data: null, Name: "vial" },
    RootFS: { Type: "layers", Layers: config.rootfs.diff_ids ?? [] },
    Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
    Descriptor: image.target,
  };
}
