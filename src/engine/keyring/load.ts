/** OpenPGP keys on this machine (keyring.ts), loaded apart with their library, as signatures of the room `sif` are. */
export const loadKeyring = () => import("./keyring.ts");
