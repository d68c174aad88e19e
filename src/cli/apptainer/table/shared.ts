import { notYet, type Option, refused, works } from "../option.ts";

// Options that several commands share.

const login = "sign in by `apptainer registry login`, or by a file ~/.docker/config.json";

export const force = works.bool(["force", "F"], "Overwrite a file that is there", { variables: ["FORCE"] });

/** How an image that lies far away is reached. */
export const reaching: readonly Option[] = [
  notYet.text(["authfile"], "File with the credentials of registries", {
    value: "path",
    variables: ["AUTHFILE"],
    warnsByVariable: true,
    note: login,
  }),
  refused.text(["docker-host"], "Socket of a Docker daemon", {
    value: "address",
    variables: ["DOCKER_HOST"],
    warnsByVariable: true,
    note: "Vial asks no daemon for images; save them there, and give docker-archive:FILE",
  }),
  notYet.bool(["docker-login"], "Ask for name and password", { variables: ["DOCKER_LOGIN"], note: login }),
  notYet.text(["docker-username"], "User name for the registry", {
    value: "name",
    variables: ["DOCKER_USERNAME"],
    warnsByVariable: true,
    note: login,
    isHidden: true,
  }),
  notYet.text(["docker-password"], "Password for the registry", {
    value: "text",
    variables: ["DOCKER_PASSWORD"],
    warnsByVariable: true,
    note: login,
    isHidden: true,
  }),
];

export const noHttps: readonly Option[] = [
  works.bool(["no-https"], "Speak HTTP and not HTTPS with the registry", {
    variables: ["NOHTTPS", "NO_HTTPS"],
  }),
  works.bool(["nohttps"], "Old name of --no-https", { becomes: "no-https", isHidden: true }),
];

export const encryption: readonly Option[] = [
  refused.bool(["passphrase"], "Ask for the passphrase of an encrypted image", {
    note: "Vial reads and writes no encrypted images",
  }),
  refused.text(["pem-path"], "Key of an encrypted image", {
    value: "path",
    note: "Vial reads and writes no encrypted images",
  }),
];

export const library: Option = refused.text(["library"], "Address of a library", {
  value: "address",
  variables: ["LIBRARY"],
  note: "the library protocol is not spoken; images come from registries, by docker:// and oras://",
});

export const fakerootWays: readonly Option[] = [
  refused.bool(["ignore-userns"], "Be root inside without a user namespace", {
    variables: ["IGNORE_USERNS"],
    note: "without root, Vial runs in a user namespace or not at all; nothing of it is setuid",
    isHidden: true,
  }),
];
