// Which paths are the realtime API's: the socket of a session, and the secrets that let a browser open one.

export interface RealtimeMatch {
  readonly kind: 'realtime';
  readonly endpoint: 'realtime-session';
  readonly route: string;
  readonly pathModel: null;
  readonly part: 'socket' | 'secrets';
}

const match = (part: RealtimeMatch['part']): RealtimeMatch => ({
  kind: 'realtime',
  endpoint: 'realtime-session',
  route: part === 'socket' ? '/realtime' : '/realtime/client_secrets',
  pathModel: null,
  part,
});

/** Exact paths; `/openai/realtime` is where clients of Azure look (`?deployment=`). WebRTC's `/realtime/calls` is absent. */
export const REALTIME_PATHS: ReadonlyMap<string, RealtimeMatch> = new Map([
  ...['/v1/realtime', '/realtime', '/openai/v1/realtime', '/openai/realtime'].map((path) => [path, match('socket')] as const),
  ...['/v1/realtime/client_secrets', '/realtime/client_secrets', '/openai/v1/realtime/client_secrets'].map((path) => [path, match('secrets')] as const),
]);
