// Port: the cluster's API as the life cycle uses it.
import type { KubernetesObject, ObjectReference } from '#k8s/object.ts';

export type KubernetesErrorCode = 'unreachable' | 'unauthorized' | 'denied' | 'conflict' | 'invalid' | 'throttled' | 'unavailable' | 'other';

/** A refusal of the API server, or no answer. The message is the server's own. */
export class KubernetesError extends Error {
  readonly code: KubernetesErrorCode;
  constructor(code: KubernetesErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'KubernetesError';
    this.code = code;
  }
}

/** An object as the server holds it. */
export interface ServerObject extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & {
    readonly uid?: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid?: string }[];
  };
}

export interface KindReference {
  apiVersion: string;
  kind: string;
}

export interface KubernetesPort {
  /** Server-side apply with our field manager, force. Answers the object as it is now. */
  apply(object: KubernetesObject): Promise<ServerObject>;
  get(reference: ObjectReference): Promise<ServerObject | null>;
  /** All of a kind, in one namespace or everywhere; none when the server does not know the kind. */
  list(kind: KindReference, options?: { namespace?: string; labelSelector?: string }): Promise<ServerObject[]>;
  /** Starts the deletion, dependents in the background; fine when there is none. */
  remove(reference: ObjectReference): Promise<void>;
  /** A JSON merge patch; fine when there is no such object. */
  patch(reference: ObjectReference, patch: unknown): Promise<void>;
  /** The last lines of a container's log; empty when it has none yet. */
  logs(pod: { namespace: string; name: string; container?: string }, options: { tailLines: number; previous?: boolean }): Promise<string>;
  /** Runs a program in a container. Its standard output goes to `output`, `input` is its standard input. Rejects unless it ends with 0. */
  run(pod: { namespace: string; name: string; container: string }, command: readonly string[], streams: ExecStreams): Promise<void>;
  /** Whether the API answers now. */
  isReachable(): Promise<boolean>;
  close(): Promise<void>;
}

export interface ExecStreams {
  output?: (chunk: Buffer) => void;
  input?: AsyncIterable<Uint8Array>;
}
