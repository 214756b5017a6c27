// A call on its way through the corridor: everything that its steps learn, from the first header to the settlement.
import type { IncomingMessage } from 'node:http';
import type { AttemptRecord, CallUsage, Choice } from '#call-record.ts';
import type { Limiter } from '#identity/governing.ts';
import type { VirtualKey } from '#identity/principal.ts';
import { newCallId } from '#lib/id.ts';
import type { CachedQuestion, Caching } from './cache/response-cache.ts';
import type { GatewayDeps } from './deps.ts';
import type { Dialect } from './dialects/dialect.ts';
import { dialectOf } from './dialects/registry.ts';
import type { CallGuards } from './guards/call-guards.ts';
import type { Load } from './load.ts';
import type { Form } from './media/form.ts';
import type { SoundLength } from './media/sound-length.ts';
import type { Pings } from './pings.ts';
import type { GovernedLevel, Reservation } from './ports.ts';
import type { Endpoint } from './providers/provider.ts';
import type { Asked } from './request.ts';
import type { Turn } from './responses/turn.ts';
import type { Group, Snapshot } from './snapshot.ts';

/** Outcome of a call as it is written down. */
export interface Ending {
  outcome: 'success' | 'failure' | 'cancelled';
  httpStatus: number;
  errorClass: string | null;
  errorMessage: string | null;
  answerFormat: 'json' | 'sse' | 'none';
  /** The answer as it went to the client. */
  answer: readonly Buffer[];
  /** Bytes of the answer are missing in `answer`. */
  partial?: boolean;
}

/** Where an answer goes: the client's connection, or whoever asks on the client's behalf. */
export interface ClientResponse {
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  readonly writableNeedDrain: boolean;
  readonly statusCode: number;
  /** Each write is one chunk of HTTP/1.1, and node frames it unless this is false; absent = there are no chunks. */
  chunkedEncoding?: boolean;
  writeHead(status: number, headers: string[]): unknown;
  /** False = wait for `drain`. */
  write(bytes: Buffer | string): boolean;
  end(bytes?: Buffer): unknown;
  end(text: string, encoding: BufferEncoding): unknown;
  /** The answer is cut: it must not look whole. */
  destroy(): unknown;
  on(event: 'drain' | 'close', listener: () => void): unknown;
}

/** A call that the gateway makes on behalf of another: a turn with tools of MCP servers, a look of the cache. */
export interface InnerCall {
  readonly body: Buffer;
  /** When it has to be over, whatever the configuration says. */
  readonly deadlineMs: number;
  /** Its conversation holds reasoning that only one deployment can read. */
  readonly pinnedTo: string | null;
  /** Nobody asked for it: what the key may call and how often is not its matter. Its price is. */
  readonly isOurs: boolean;
}

/** Something that a call waits for and that can end early. */
export interface Interruptible {
  interrupt(): void;
}

/** A try that may have another one beside it (hedge.ts). */
export interface Side {
  /** It began while an earlier one was still under way. */
  readonly beside: boolean;
  /** From here on it is written down, and sent. */
  opened: boolean;
  /** Another one has answered: it is to end. */
  lost: boolean;
  record: AttemptRecord | null;
}

export class Call {
  /** UUIDv7 as 32 hex digits. */
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ClientResponse;
  readonly snapshot: Snapshot;
  readonly endpoint: Endpoint;
  /** The language of the client. */
  readonly dialect: Dialect;
  /** For messages: `/chat/completions`. */
  readonly route: string;
  readonly pathModel: string | null;
  /** The path says that the answer is streamed. */
  readonly pathStreams: boolean;
  readonly startedAtUs: number;

  /** Who called, as far as a listed proxy or the connection says. */
  clientAddress: string | null = null;
  /** Set by authenticate; null = the master key. */
  key: VirtualKey | null = null;
  /** SHA-256 of the presented key, '' before authentication. */
  keyId = '';
  /** Set by body and request. */
  body: Buffer = EMPTY;
  /** Bytes taken from the pool. */
  heldBytes = 0;
  asked: Asked | null = null;
  /** Of calls that come as a form: its own bytes; `body` is what it says. */
  form: Form | null = null;
  /** How long the sound in it plays. */
  sound: SoundLength | null = null;
  /** Responses only: the call's part in a stored conversation. */
  turn: Turn | null = null;
  /** Id of the one deployment that can answer, because its upstream keeps what the call goes on from. */
  pinnedTo: string | null = null;
  /** The answer may be cached under this key. */
  caching: Caching | null = null;
  /** What it asks, where answers to similar questions are given. */
  question: CachedQuestion | null = null;
  /** The call is passed to its provider as it is. */
  passed = false;
  /** The deployment that is being tried speaks the client's language. */
  native = false;
  /** Set by admit. */
  group: Group | null = null;
  reservation: Reservation | null = null;
  /** Room in the budgets of the deployment that is being tried, and of its provider. */
  aside: Reservation | null = null;
  /** Why the deployment that is being tried was chosen; null where there was no other. */
  choice: Choice | null = null;
  /** Limits that hold for the call, and how many of their parallel places it has entered. */
  limiters: readonly Limiter[] = NONE;
  placesHeld = 0;
  /** The end user and the tags of the call that have rules of their own. */
  levels: readonly GovernedLevel[] = NONE;
  /** Model name that is being tried: the asked one or a fallback. */
  model = '';

  /** Guards that look at the call; null = none. */
  guards: CallGuards | null = null;
  /** Guards that mask have not looked at the request yet: until then nothing of it is written down. */
  withheld = false;

  /** What the deployment that works for the call has to do, while it works. */
  busy: Load | null = null;
  readonly attempts: AttemptRecord[] = [];
  retries = 0;
  fallbacks = 0;
  /** When the upstream tries began and how long they took, for x-litellm-overhead-duration-ms. */
  upstreamUs = 0;
  firstTokenAtUs: number | null = null;
  usage: CallUsage | null = null;
  usageEstimated = false;
  costPicos: bigint | null = null;

  /** Holds a silent stream open; null where the configuration does not ask for it. */
  pings: Pings | null = null;
  /** It is made on behalf of another; null = it came from a client by itself. */
  inner: InnerCall | null = null;
  /** Other calls stand for it in the log. */
  handedOver = false;
  /** It runs in the background of its upstream: the client's leaving ends nothing. */
  begun = false;
  /** The client went away. */
  gone = false;
  /** What the call waits for, told when the client goes. Objects, not closures: a closure stored here kept whole calls alive until a full collection (measured: 28 µs a call). */
  waiting: Interruptible | null = null;
  settled = false;
  /** Of a try that another one may stand beside; null for the call itself. */
  side: Side | null = null;
  /** What a try beside the one that answered cost: settled in the budgets already. */
  besidePicos = 0n;

  constructor(
    deps: GatewayDeps,
    snapshot: Snapshot,
    at: { endpoint: Endpoint; route: string; pathModel: string | null; stream?: boolean; id?: string },
    http: [IncomingMessage, ClientResponse],
  ) {
    this.startedAtUs = deps.clock.nowUs();
    this.id = at.id ?? newCallId(Math.floor(this.startedAtUs / 1000));
    this.snapshot = snapshot;
    this.endpoint = at.endpoint;
    this.dialect = dialectOf(at.endpoint);
    this.route = at.route;
    this.pathModel = at.pathModel;
    this.pathStreams = at.stream === true;
    this.request = http[0];
    this.response = http[1];
  }

  /** The client closed its connection before the answer was complete. */
  leave(): void {
    if (this.begun) return;
    this.gone = true;
    this.waiting?.interrupt();
  }
}

interface Own extends Pick<Call, 'reservation' | 'aside' | 'choice'> {
  readonly beside: boolean;
}

/** One of two tries that a call has at once: it knows all that the call knows, and what a try holds is its own. */
export function laneOf(call: Call, { beside, ...own }: Own): Call & { readonly side: Side } {
  const side: Side = { beside, opened: false, lost: false, record: null };
  const held = { busy: null, waiting: null, usage: null, usageEstimated: false, costPicos: null, upstreamUs: 0, heldBytes: 0, native: false };
  // Reads fall through to the call, so that its leaving is seen at once; writes stay here.
  return Object.assign(Object.create(call) as Call, held, own, { side });
}

const EMPTY = Buffer.alloc(0);
const NONE: readonly never[] = Object.freeze([]);
