import { nearest } from "#kit";
import { reasonOf, VialError } from "#spec";

export function volumeUnknown(name: string, known: readonly string[] = []): VialError {
  const near = nearest(name, known);
  return new VialError({
    kind: "not-found",
    code: "volume-unknown",
    what: `Cannot find the volume ${JSON.stringify(name)}`,
    why: "no volume has this name",
    next: near === undefined ? "vial volume ls" : `did you mean "${near}"?`,
  });
}

export function volumeNameInvalid(name: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "volume-name-invalid",
    what: `Cannot use ${JSON.stringify(name)} as the name of a volume`,
    why: 'a name is 2 to 255 letters, digits, "_", "." and "-", and begins with a letter or digit',
    next: "write it like `web-data`; a folder of the host is given by its absolute path",
  });
}

export function volumeInUse(name: string, containers: readonly string[]): VialError {
  return new VialError({
    kind: "conflict",
    code: "volume-in-use",
    what: `Cannot remove the volume ${JSON.stringify(name)}: it is in use by ${containers
      .slice(0, 4)
      .map((container) => `the container "${container}"`)
      .join(", ")}${containers.length > 4 ? ` and ${containers.length - 4} more` : ""}`,
    next: `remove it first: \`vial rm ${containers[0]}\``,
  });
}

export function volumeDiffers(name: string, what: string, found: string, wanted: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "volume-differs",
    what: `Cannot make the volume ${JSON.stringify(name)}: one of that name exists with another ${what}`,
    why: `it was made with ${found}, and ${wanted} is wanted`,
    next: `choose another name, or remove it by \`vial volume rm ${name}\``,
  });
}

export function volumeDriverUnknown(driver: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "volume-driver-unknown",
    what: `Cannot make a volume by the driver ${JSON.stringify(driver)}`,
    why: 'Vial has the driver "local" alone, and loads no plugins',
    next: "leave the driver out; `--opt type=nfs` and `--opt type=none --opt o=bind` are ways to storage elsewhere",
  });
}

export function volumeOptionInvalid(why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "volume-option-invalid",
    what: "Cannot make a volume with these options",
    why,
    next: "the options are type, device and o: `--opt type=tmpfs --opt device=tmpfs --opt o=size=100m`",
  });
}

export function volumeDamaged(name: string, why: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "volume-damaged",
    what: `Cannot read the record of the volume ${JSON.stringify(name)}`,
    why,
    next: "its files are in the folder _data beside the record; remove the volume when they are safe",
  });
}

export function volumeMountedOn(name: string, place: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "volume-mounted-on",
    what: `Cannot remove the volume ${JSON.stringify(name)}: something is mounted in it`,
    why: `"${place}" is a mount, and its files belong to somebody else`,
    next: `umount ${place}`,
  });
}

export function volumeDeviceRefused(name: string, device: string, cause: unknown): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "volume-device-refused",
    what: `Cannot mount the volume ${JSON.stringify(name)}: its device "${device}" was refused`,
    why: reasonOf(cause),
    next: `look at its options: \`vial volume inspect ${name}\``,
    cause,
  });
}

export function volumeDeviceTaken(name: string, container: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "volume-device-taken",
    what: `Cannot mount the volume ${JSON.stringify(name)}: the running container "${container}" has it`,
    why: "its files are in the memory of the container that uses it, and cannot be shown to a second one",
    next: `vial stop ${container}, or use a volume without \`type=tmpfs\``,
  });
}

export function mountSubpathInvalid(subpath: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "mount-subpath-invalid",
    what: `Cannot mount the subpath ${JSON.stringify(subpath)}`,
    why,
    next: "give the path of a folder or file inside, without a slash at its beginning",
  });
}

export function mountTargetTwice(target: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "mount-target-twice",
    what: `Cannot mount twice at ${JSON.stringify(target)}`,
    why: "two mounts have this path inside, and one would hide the other",
    next: "leave one of them out",
  });
}

export function mountImageUnknown(image: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "mount-image-unknown",
    what: `Cannot mount the image ${JSON.stringify(image)}: it is not in the store`,
    next: `vial pull ${image}`,
  });
}

export function volumesFromInvalid(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "volumes-from-invalid",
    what: `Cannot take volumes from ${JSON.stringify(text)}`,
    why: "it is CONTAINER, CONTAINER:ro, CONTAINER:rw or CONTAINER:z",
    next: "--volumes-from web:ro",
  });
}

export function volumeFillFailed(target: string, volume: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "volume-fill-failed",
    what: `Cannot copy the files at "${target}" of the image into the volume ${JSON.stringify(volume)}`,
    why,
    next: "mend the cause and start it again, or mount the volume with the option `nocopy`",
  });
}

export function mountTargetInvalid(target: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "mount-target-invalid",
    what: `Cannot mount at ${JSON.stringify(target)} inside of the container`,
    why,
    next: "give an absolute path below the root, such as `/data`",
  });
}

export function imageVolumeHostile(image: string, path: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "image-volume-hostile",
    what: `Cannot run the image ${JSON.stringify(image)}: it asks for a volume at ${JSON.stringify(path)}`,
    why: "the kernel's file systems are mounted there, and a folder in their place would fool the checks that rest on them (CVE-2019-16884)",
    next: "make an image without that VOLUME",
  });
}

export function volumeFilesLost(name: string, folder: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "volume-files-lost",
    what: `Cannot mount the volume ${JSON.stringify(name)}: its folder "${folder}" is not there`,
    next: `mkdir -p ${folder}`,
  });
}
export function volumeImportFailed(name: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "volume-import-failed",
    what: `Cannot import into the volume ${JSON.stringify(name)}`,
    why,
    next: "the volume is as it was; mend the cause, or give another archive",
  });
}
