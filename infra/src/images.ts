// Which upstream images run: version, digest, architectures, and where and when each digest was read. The one place to change a version.

/** A container image, pinned by the digest of its multi-platform index. */
export interface ImageReference {
  readonly repository: string;
  /** For people; the digest decides. */
  readonly tag: string;
  readonly digest: string;
}

/** What this version pins and why. */
export interface PinnedImage extends ImageReference {
  readonly architectures: readonly ('arm64' | 'amd64')[];
  /** The day on which the digest was looked up, and the public places that name it; the first `up` is the first to pull it. */
  readonly checked: string;
  readonly source: string;
  readonly note: string;
}

const BOTH = ['arm64', 'amd64'] as const;

/** Everything that a pod of this version may run. */
export const IMAGES = {
  litellm: {
    repository: 'docker.io/litellm/litellm-non_root',
    tag: 'v1.104.2',
    digest: 'sha256:e8dee87e7ddbf9abc174e8a7b180a690d5265cc4827458d22c5ff5e108170027',
    architectures: BOTH,
    checked: '2026-11-26',
    source: 'public CVE reports on this digest (Trivy, 2026-10-08), which list its arm64 and amd64 manifests',
    note: 'not affected by GHSA-7hp6-4w63-5g45 (fixed in 1.103.1); the non-root variant carries Prisma and its engines, nothing is fetched at the start',
  },
  langfuseWeb: {
    repository: 'docker.io/langfuse/langfuse',
    tag: '3.225.11',
    digest: 'sha256:a343f64e035eb01aeea358703a0428945d909d01e19452509a5a830862dda878',
    architectures: BOTH,
    checked: '2026-11-26',
    source: 'four public files that pin this digest, one with the tag and its day (v3.225.11, 2026-09-24)',
    note: "the last of Langfuse 3, the seed's own; LiteLLM's callback reaches it by OTLP (langfuse 4 for Python, which asks for 3.63 or newer)",
  },
  langfuseWorker: {
    repository: 'docker.io/langfuse/langfuse-worker',
    tag: '3.225.11',
    digest: 'sha256:8a28c946bb5401eef488153fa294db5a79bd99dd5c90db8e4d39559374c9ebd3',
    architectures: BOTH,
    checked: '2026-11-26',
    source: 'four public files that pin this digest, one with the tag and its day (v3.225.11, 2026-09-24)',
    note: 'always the version of langfuseWeb',
  },
  clickhouse: {
    repository: 'docker.io/clickhouse/clickhouse-server',
    tag: '25.12',
    digest: 'sha256:8a790dd3468db22b1d4e7b18a176f378ff5ff6053b9c48dd4ea1fa71a24c5ba6',
    architectures: BOTH,
    checked: '2026-11-26',
    source: 'eight public files that pin this digest, one of which says that it is an OCI image index',
    note: "reads Pod Identity's token (ClickHouse#71074, end of 2024); the version of Langfuse's own compose file",
  },
  postgres: {
    repository: 'docker.io/library/postgres',
    tag: '17.11',
    digest: 'sha256:d74eeac9a635390a49bc21bd49fccd973de707e2a53a76ac49b552b8712ec46f',
    architectures: BOTH,
    checked: '2026-11-26',
    source: 'four public files that pin this digest, one of which says multi-arch index',
    note: 'psql for the bootstrap Job; no server of it runs',
  },
  metricsServer: {
    repository: 'registry.k8s.io/metrics-server/metrics-server',
    tag: 'v0.8.0',
    digest: 'sha256:89258156d0e9af60403eafd44da9676fd66f600c7934d468ccc17e42b199aee2',
    architectures: BOTH,
    checked: '2026-11-26',
    source: 'two public image lists that pin this digest (one of them a mirror of it)',
    note: 'horizontal autoscaling needs it, and Auto Mode does not bring it',
  },
} as const satisfies Readonly<Record<string, PinnedImage>>;

/** An image of the table. */
export type ImageName = keyof typeof IMAGES;

/** What a pod names: `repository:tag@sha256:…`. */
export const imageName = (image: ImageReference): string => `${image.repository}:${image.tag}@${image.digest}`;
