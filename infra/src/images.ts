// Which upstream images run, by digest, with the date and the place where each was checked. The one place to change a version.

/** A container image that is pinned by the digest of its multi-platform index. */
export interface ImageReference {
  readonly repository: string;
  /** For people; the digest decides. */
  readonly tag: string;
  readonly digest: string;
}

/** What a pod names: `repository:tag@sha256:…`. */
export const imageName = (image: ImageReference): string => `${image.repository}:${image.tag}@${image.digest}`;
