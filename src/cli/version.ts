/** Vial's own version; a test holds it equal to package.json. A constant, so that `vial --version` reads no file. */
export const version = "0.1.0";
