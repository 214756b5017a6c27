// Patience with a service that is busy: what was throttled or unavailable is asked again, with growing pauses and an end.
import { CloudError } from '#aws/error.ts';
import { KubernetesError } from '#kubernetes/port.ts';
import type { Clock } from './context.ts';

/** Beyond the SDK's own retries: a busy account is waited for up to about two minutes. */
const PAUSES_MS = [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000];

function isPassing(error: unknown): boolean {
  return (error instanceof CloudError || error instanceof KubernetesError) && (error.code === 'throttled' || error.code === 'unavailable');
}

/** The same port, every method of which waits and asks again while the service is busy. Works through nested ports. */
export function patient<Port extends object>(port: Port, clock: Clock): Port {
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(port, {
    get(target, key, receiver) {
      const known = wrapped.get(key);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, key, receiver);
      const made =
        typeof value === 'function' ? retried(value.bind(target), clock) : typeof value === 'object' && value !== null ? patient(value, clock) : value;
      wrapped.set(key, made);
      return made;
    },
  });
}

function retried(method: (...values: unknown[]) => unknown, clock: Clock): (...values: unknown[]) => unknown {
  return async (...values) => {
    for (const pauseMs of PAUSES_MS) {
      try {
        return await method(...values);
      } catch (error) {
        if (!isPassing(error)) throw error;
        await clock.sleep(pauseMs);
      }
    }
    return await method(...values);
  };
}
