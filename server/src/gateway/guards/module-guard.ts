// Guards that a file of the operator's decides (TypeScript or JavaScript), by LiteLLM's hook names. Whatever the file does, the process goes on: a hook that throws refuses its call.
import { pathToFileURL } from 'node:url';
import { isFields } from '#lib/json.ts';
import { type Guard, type GuardConfig, type GuardInput, PASSED, type Verdict } from './guard.ts';

type Hook = (input: { data: unknown; response?: unknown; user_api_key_dict: Record<string, unknown>; call_type: string }) => unknown;

interface Hooks {
  before: Hook | null;
  during: Hook | null;
  after: Hook | null;
}

const NAMES = { before: 'async_pre_call_hook', during: 'async_moderation_hook', after: 'async_post_call_success_hook' } as const;

export function moduleGuard(config: Extract<GuardConfig, { kind: 'module' }>): Guard {
  const { name, modes, defaultOn, failOpen } = config;
  const isDuring = (modes.has('during_call') || modes.has('during_mcp_call')) && !modes.has('pre_call') && !modes.has('pre_mcp_call');
  let opened: Promise<Hooks> | null = null;
  return {
    name,
    modes,
    defaultOn,
    refuses: false,
    isLocal: false,
    failOpen,
    stream: null,
    async inspect(input, signal) {
      opened ??= open(config.file);
      const hooks = await opened.catch((error: unknown) => {
        // Mended while the process runs, it is read again.
        opened = null;
        throw error;
      });
      return await within(signal, inspect(hooks, input, isDuring));
    },
  };
}

/** Functions of the module itself, or of the instance or class that it exports as `default` or `guardrail`. @throws Error with the file's name. */
async function open(file: string): Promise<Hooks> {
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw new Error(`${file} cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
  const exported = module.guardrail ?? module.default ?? module;
  const holder = (typeof exported === 'function' ? new (exported as new () => object)() : exported) as Record<string, unknown>;
  const hookOf = (name: string): Hook | null => {
    const hook = holder[name] ?? module[name];
    return typeof hook === 'function' ? (hook.bind(holder) as Hook) : null;
  };
  const hooks = { before: hookOf(NAMES.before), during: hookOf(NAMES.during), after: hookOf(NAMES.after) };
  if (hooks.before === null && hooks.during === null && hooks.after === null) throw new Error(`${file} exports none of ${Object.values(NAMES).join(', ')}`);
  return hooks;
}

/** A hook answers nothing (pass), the body as it is to be, or a text that refuses the call; or it throws, which refuses it too. */
async function inspect(hooks: Hooks, { kind, body, call }: GuardInput, during: boolean): Promise<Verdict> {
  const hook = kind === 'answer' ? hooks.after : during ? hooks.during : (hooks.before ?? hooks.during);
  if (hook === null) return PASSED;
  const who = { api_key: call.keyHash, key_alias: call.keyAlias, team_id: call.teamId, user_id: call.userId, end_user_id: call.endUser };
  const given = structuredClone(body);
  const said = await hook({
    data: kind === 'request' ? given : {},
    ...(kind === 'answer' ? { response: given } : {}),
    user_api_key_dict: who,
    call_type: call.callType,
  });
  if (typeof said === 'string') return { texts: null, refusal: said };
  if (isFields(said)) return { texts: null, body: said, refusal: null };
  return PASSED;
}

function within<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error('the hook took too long'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
