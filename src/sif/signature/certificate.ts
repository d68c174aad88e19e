import { type KeyObject, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { certificateRefused, certificateRootsNone, certificatesUnreadable } from "../error.ts";
import { elements, type Extension, extensionsOf, need, printOid } from "./der.ts";
import { checkSigningKey } from "./dsse.ts";

// Certificates of who signs (RFC 5280, section 6): a chain from the signer's to a root that is believed. node:crypto checks
// names and signatures of two neighbours; what a whole chain has to keep to is checked here. What is not understood is refused.

export interface PemFile {
  readonly path: string;
  readonly text: string;
}

export interface CertificateWish {
  /** The signer's, and behind it such as lead on. */
  readonly certificate: PemFile;
  readonly intermediates: readonly PemFile[];
  readonly roots: readonly PemFile[];
  readonly now: Date;
}

interface Link {
  readonly certificate: X509Certificate;
  readonly extensions: readonly Extension[];
}

const longest = 8;
const oid = {
  keyUsage: "2.5.29.15",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  extendedKeyUsage: "2.5.29.37",
  subjectAlternativeName: "2.5.29.17",
  anyUse: "2.5.29.37.0",
  codeSigning: "1.3.6.1.5.5.7.3.3",
} as const;
/** Those whose rules are kept to here. A name other than the subject's changes nothing for a signature. */
const understood = new Set<string>([
  oid.keyUsage,
  oid.basicConstraints,
  oid.extendedKeyUsage,
  oid.subjectAlternativeName,
]);

/**
 * The public key of a certificate, where a chain leads to one of the roots. Revocation lists are not asked. Throws
 * certificates-unreadable, certificate-refused, sif-key-unfit.
 */
export function keyOfCertificate(wish: CertificateWish): { readonly key: KeyObject; readonly name: string } {
  const { certificate: file, now } = wish;
  const [signer, ...further] = readCertificates(file);
  if (signer === undefined) throw certificatesUnreadable(file.path, "it holds none");
  const between = [...further, ...wish.intermediates.flatMap(readCertificates)];
  const roots = wish.roots.flatMap(readCertificates);
  const faults: string[] = [];
  let isGood: boolean;
  try {
    isGood = leads([signer], { between, roots, now, faults, tries: 0 });
  } catch (error) {
    // Extensions that are not what they should be.
    throw certificatesUnreadable(file.path, (error as Error).message);
  }
  if (!isGood)
    throw certificateRefused(file.path, faults[0] ?? "no chain leads from it to a root that is believed");
  const key = signer.certificate.publicKey;
  checkSigningKey(key, file.path);
  return { key, name: signer.certificate.subject.replaceAll("\n", ", ") };
}

/** Where distributions keep the roots that they believe. */
const rootFiles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
];

/** The roots of this machine. Throws certificate-roots-none. */
export function machineRoots(): PemFile {
  const path = rootFiles.find((file) => existsSync(file));
  if (path === undefined) throw certificateRootsNone();
  return { path, text: readFileSync(path, "utf8") };
}

interface Search {
  readonly between: readonly Link[];
  readonly roots: readonly Link[];
  readonly now: Date;
  /** Why chains that fitted by their names were not good. */
  readonly faults: string[];
  /** Certificates may be made so that they fit each other in endless ways. */
  tries: number;
}

const mostTries = 1000;

/** Whether a chain, signer first, can be led on to a root. Its own links are good already, but for the last. */
function leads(chain: readonly Link[], search: Search): boolean {
  const last = chain.at(-1)!;
  const { roots, between, now, faults } = search;
  const isRoot = roots.some((root) => root.certificate.raw.equals(last.certificate.raw));
  const fault = faultOf(last, chain.length - 1, now, isRoot);
  if (fault !== undefined) {
    faults.push(`${nameOf(last)}: ${fault}`);
    return false;
  }
  if (isRoot) return true;
  if (chain.length >= longest || ++search.tries > mostTries) return false;
  return [...roots, ...between].some(
    (issuer) =>
      !chain.some((link) => link.certificate.raw.equals(issuer.certificate.raw)) &&
      last.certificate.checkIssued(issuer.certificate) &&
      last.certificate.verify(issuer.certificate.publicKey) &&
      leads([...chain, issuer], search),
  );
}

/** What is wrong with a certificate with so many others below it. */
function faultOf(link: Link, below: number, now: Date, isRoot: boolean): string | undefined {
  const { certificate, extensions } = link;
  if (now < certificate.validFromDate) return `it is not valid before ${certificate.validFrom}`;
  if (now > certificate.validToDate) return `it expired at ${certificate.validTo}`;
  // A root is believed as it is, not by its signature.
  if (!isRoot && /md5|sha-?1(?!\d)/i.test(certificate.signatureAlgorithm ?? ""))
    return `it is signed by ${certificate.signatureAlgorithm}, which is too weak`;
  const extension = (wanted: string) => extensions.find((entry) => entry.oid === wanted)?.value;
  if (extension(oid.nameConstraints) !== undefined) return "it constrains names, which Vial does not check";
  const unknown = extensions.find((entry) => entry.critical && !understood.has(entry.oid));
  if (unknown !== undefined) return `it has the critical extension ${unknown.oid}, which Vial does not know`;
  const usage = extension(oid.keyUsage);
  if (below > 0) {
    const { isAuthority, most } = constraintsOf(extension(oid.basicConstraints));
    if (!isAuthority) return "it may sign no other certificates";
    if (below - 1 > most) return `it lets ${most} authorities follow, and there are ${below - 1}`;
    if (usage !== undefined && !hasBit(usage, 5)) return "its key may not sign certificates";
  } else if (usage !== undefined && !hasBit(usage, 0)) return "its key may not sign data";
  const uses = extension(oid.extendedKeyUsage);
  if (uses === undefined) return undefined;
  const kinds = elements(need(elements(uses)[0], 0x30)).map((element) => printOid(need(element, 6)));
  return kinds.some((kind) => kind === oid.codeSigning || kind === oid.anyUse)
    ? undefined
    : "its key is for other uses than to sign code";
}

/** BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
function constraintsOf(value: Buffer | undefined): { readonly isAuthority: boolean; readonly most: number } {
  const parts = value === undefined ? [] : elements(need(elements(value)[0], 0x30));
  const isAuthority = parts[0]?.tag === 1 && parts[0].content[0] !== 0;
  const length = parts.find(({ tag }) => tag === 2)?.content;
  if (length === undefined) return { isAuthority, most: Number.POSITIVE_INFINITY };
  return { isAuthority, most: length.length > 4 ? 0 : length.readIntBE(0, length.length) };
}

/** KeyUsage ::= BIT STRING, whose first bit is the highest of its second byte. */
function hasBit(value: Buffer, bit: number): boolean {
  const bits = need(elements(value)[0], 3);
  return ((bits[1] ?? 0) & (0x80 >> bit)) !== 0;
}

function nameOf({ certificate }: Link): string {
  return JSON.stringify(certificate.subject.replaceAll("\n", ", "));
}

const most = 4096;

function readCertificates({ path, text }: PemFile): Link[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw certificatesUnreadable(path, "it holds none in PEM form");
  if (blocks.length > most) throw certificatesUnreadable(path, `it holds ${blocks.length} of them`);
  try {
    return blocks.map((block) => {
      const certificate = new X509Certificate(block);
      return { certificate, extensions: extensionsOf(certificate.raw) };
    });
  } catch (error) {
    throw certificatesUnreadable(path, (error as Error).message);
  }
}
