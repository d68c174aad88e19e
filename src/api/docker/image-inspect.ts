import { diskSize, type Engine, type StoredImage } from "#engine";
import type { ApiVersion } from "../api-version.ts";
import { manifestSummary, namesOr } from "./image-summary.ts";

/** An image in full: ImageInspect of the description. */
export function inspectImage(
  engine: Engine,
  image: StoredImage,
  version: ApiVersion,
  withManifests: boolean,
): object {
  const { config } = image;
  const size = diskSize(engine.store, image);
  const settings = imageSettings(image, version);
  return {
    Id: image.id,
    RepoTags: namesOr(image.names, "<none>:<none>", version),
    RepoDigests: namesOr(image.repoDigests, "<none>@<none>", version),
    Parent: "",
    Comment: config.history?.at(-1)?.comment ?? "",
    ...createdOf(image, version),
    // compose 1.29 reads ContainerConfig when it makes a container anew.
    ...(version < 45 ? { Container: "", ContainerConfig: settings } : {}),
    DockerVersion: "",
    Author: config.author ?? "",
    Config: settings,
    Architecture: image.platform.architecture,
    ...(image.platform.variant === undefined ? {} : { Variant: image.platform.variant }),
    Os: image.platform.os,
    Size: size,
    ...(version < 44 ? { VirtualSize: size } : {}),
    GraphDriver: { Data: null, Name: "vial" },
    RootFS: { Type: "layers", Layers: config.rootfs.diff_ids ?? [] },
    Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
    ...(version >= 48 ? { Descriptor: image.target } : {}),
    ...(version >= 48 && withManifests ? { Manifests: [manifestSummary(engine, image)] } : {}),
  };
}

/** Since 1.44 an image that does not say when it was made has no such field. */
function createdOf(image: StoredImage, version: ApiVersion): object {
  if (image.created !== undefined && image.created !== "") return { Created: image.created };
  return version >= 44 ? {} : { Created: "0001-01-01T00:00:00Z" };
}

/** The fields that only containers have went away with 1.50. */
function imageSettings(image: StoredImage, version: ApiVersion): object {
  const own = image.config.config ?? {};
  return {
    ...(version < 50 ? containerFields : {}),
    User: own.User ?? "",
    ...(own.ExposedPorts == null ? {} : { ExposedPorts: own.ExposedPorts }),
    Env: own.Env ?? [],
    Cmd: own.Cmd ?? null,
    ...(own.Healthcheck == null ? {} : { Healthcheck: own.Healthcheck }),
    Volumes: own.Volumes ?? null,
    WorkingDir: own.WorkingDir ?? "",
    Entrypoint: own.Entrypoint ?? null,
    OnBuild: own.OnBuild ?? null,
    Labels: own.Labels ?? null,
    ...(own.StopSignal == null ? {} : { StopSignal: own.StopSignal }),
    ...(own.Shell == null ? {} : { Shell: own.Shell }),
  };
}

const containerFields = {
  Hostname: "",
  Domainname: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: "",
};
