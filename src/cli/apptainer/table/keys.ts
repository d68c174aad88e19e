import { always, type Option, type PersonaCommand, refused, works } from "../option.ts";

// Signatures and keys.

const isWorking = { is: "works" } as const;

const keyserver = refused.text(["url", "u"], "Key server", {
  value: "address",
  variables: ["URL"],
  note: "Vial asks no key server; import the key from a file",
});

const place: readonly Option[] = [
  works.text(["keysdir", "d"], "Folder of the keys", {
    value: "path",
    variables: ["KEYSDIR"],
    note: "without it, new keys go to ~/.config/vial/keys, and those in ~/.apptainer/keys are read too",
  }),
];

const everyones: readonly Option[] = [
  works.bool(["global", "g"], "The keys of all users of this machine", {
    note: "public keys alone, in /etc/vial/keys",
  }),
];

/** What a signature covers. */
const which: readonly Option[] = [
  works.text(["group-id", "g"], "This group", { value: "id" }),
  works.text(["groupid"], "Old name of --group-id", { value: "id", becomes: "group-id", isHidden: true }),
  works.text(["sif-id", "i"], "This object", { value: "id" }),
  works.text(["id"], "Old name of --sif-id", { value: "id", becomes: "sif-id", isHidden: true }),
  works.bool(["all", "a"], "All objects"),
];

function key(
  name: string,
  usage: string,
  summary: string,
  count: number | readonly [number, number],
  options: readonly Option[],
): PersonaCommand {
  const args = typeof count === "number" ? ([count, count] as const) : count;
  return { name: `key ${name}`, usage, summary, args, state: isWorking, options: [...options, ...place] };
}

const noServer = {
  is: "refused",
  note: "Vial asks no key server; keys come from files, by `key import`",
} as const;

export const keys: readonly PersonaCommand[] = [
  {
    name: "sign",
    usage: "[sign options...] <image path>",
    summary: "Add a signature to an image",
    args: [1, 1],
    state: isWorking,
    options: [
      works.text(["keyidx", "k"], "Number of the key in the list of private keys", { value: "index" }),
      works.text(["key"], "Private key of X.509, in PEM", { value: "path", variables: ["SIGN_KEY"] }),
      ...which,
    ],
  },
  {
    name: "verify",
    usage: "[verify options...] <image path>",
    summary: "Check the signatures of an image",
    args: [1, 1],
    state: isWorking,
    options: [
      always.bool(["local", "l"], "With keys of this machine alone", {
        variables: ["LOCAL_VERIFY"],
        note: "no key server is asked",
      }),
      works.bool(["json", "j"], "Print JSON"),
      works.bool(["legacy-insecure"], "Take old signatures, which leave parts of the file out"),
      works.text(["certificate"], "Certificate of X.509", {
        value: "path",
        variables: ["VERIFY_CERTIFICATE"],
      }),
      works.text(["certificate-intermediates"], "Certificates between", {
        value: "path",
        variables: ["VERIFY_INTERMEDIATES"],
      }),
      works.text(["certificate-roots"], "Certificates that are trusted", {
        value: "path",
        variables: ["VERIFY_ROOTS"],
      }),
      refused.bool(["ocsp-verify"], "Ask whether a certificate was called back", {
        variables: ["VERIFY_OCSP"],
        note: "Vial asks no server about certificates; one that was called back is not to be named",
      }),
      works.text(["key"], "Public key, in PEM", { value: "path", variables: ["VERIFY_KEY"] }),
      keyserver,
      ...which,
    ],
  },
  key("newpair", "[newpair options...]", "Make a key pair", 0, [
    works.text(["bit-length", "b"], "Length of the key", { value: "bits" }),
    works.text(["comment", "c"], "Comment", { value: "text" }),
    works.text(["email", "e"], "E-mail address", { value: "address" }),
    works.text(["name", "n"], "Name", { value: "text" }),
    works.text(["password", "p"], "Password of the key", { value: "text" }),
    refused.bool(["push", "U"], "Send it to a key server", { note: "Vial asks no key server" }),
  ]),
  key("list", "[list options...]", "List the keys", 0, [
    works.bool(["secret", "s"], "The private ones", { variables: ["SECRET"] }),
    ...everyones,
  ]),
  key("import", "[import options...] <input-key>", "Take a key from a file", 1, [
    refused.bool(["new-password"], "Give a private key a new password", {
      note: "keys are kept locked as they are; change the password where the key comes from: gpg --edit-key",
    }),
    ...everyones,
  ]),
  key("export", "[export options...] <output-file>", "Write a key into a file", 1, [
    works.bool(["armor", "a"], "As text"),
    works.bool(["secret", "s"], "The private one", { variables: ["SECRET"] }),
    ...everyones,
  ]),
  key("remove", "[remove options...] <fingerprint>", "Remove a key", 1, [
    works.bool(["both", "b"], "The public and the private one"),
    works.bool(["public", "p"], "The public one"),
    works.bool(["secret", "s"], "The private one"),
    ...everyones,
  ]),
  {
    ...key("pull", "[pull options...] <fingerprint>", "Fetch a key from a key server", 1, [
      keyserver,
      ...everyones,
    ]),
    state: noServer,
  },
  {
    ...key("push", "[push options...] <fingerprint>", "Send a key to a key server", 1, [keyserver]),
    state: noServer,
  },
  {
    ...key("search", "[search options...] <search-string>", "Search a key server", 1, [
      keyserver,
      refused.bool(["long-list", "l"], "More of each key", { note: "Vial asks no key server" }),
    ]),
    state: noServer,
  },
];
