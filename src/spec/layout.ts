/** The content of the file `oci-layout` (image-spec, image-layout.md). */
export const ociLayoutFile = '{"imageLayoutVersion":"1.0.0"}';
