// Which Kubernetes Secrets the pods read, and from which fields of Secrets Manager `up` fills them. Values are never in this code, in golden files or in a log.
import type { KubernetesObject } from './object.ts';

/** A field of a JSON secret in Secrets Manager. */
export interface SecretField {
  readonly secretArn: string;
  readonly field: string;
}

/** A value made of literal text and fields, in order: `postgresql://langfuse:` + field + `@host:5432/langfuse`. Fields inside URLs are percent-encoded. */
export interface SecretText {
  readonly parts: readonly (string | SecretField)[];
}

/** One Kubernetes Secret, still without values. */
export interface SecretSpec {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly entries: Readonly<Record<string, SecretText>>;
}

/** The ARNs that must be read before a wave's secrets can be rendered. */
export const secretArnsOf = (specs: readonly SecretSpec[]): readonly string[] => [
  ...new Set(
    specs.flatMap((spec) => Object.values(spec.entries).flatMap(({ parts }) => parts.flatMap((part) => (typeof part === 'string' ? [] : [part.secretArn])))),
  ),
];

/**
 * The Secret as an object to apply.
 * @param read the value of a field; called only for the fields that the spec names.
 * @throws what `read` throws: a missing field must end the wave and not become an empty password.
 */
export function renderSecret(spec: SecretSpec, read: (field: SecretField) => string): KubernetesObject {
  const data: Record<string, string> = {};
  for (const [name, { parts }] of Object.entries(spec.entries)) {
    const inUrl = parts.length > 1;
    const text = parts.map((part) => (typeof part === 'string' ? part : inUrl ? encodeURIComponent(read(part)) : read(part))).join('');
    data[name] = Buffer.from(text, 'utf8').toString('base64');
  }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: spec.name, namespace: spec.namespace, labels: spec.labels }, type: 'Opaque', data };
}
