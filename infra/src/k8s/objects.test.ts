// Every object has the shape that its API asks for: Kubernetes' own schemas, and for the kinds that EKS adds the strict ones beside this test.
import { describe, expect, it } from 'vitest';
import { sampleEnvironment, sampleOutputs } from '#sample-fixture.ts';
import type { KubernetesObject } from './object.ts';
import { EKS_SPECS } from './object-schemas-fixture.ts';
import { renderSecret } from './secrets.ts';
import { wavesOf } from './waves.ts';

const facts = { providerVariables: ['AZURE_API_KEY'], secretVersion: 'v1' };
const plain = sampleEnvironment();
const fallback = sampleEnvironment({ ingress: 'ingress' });
const waves = [
  ...wavesOf(plain, sampleOutputs(), facts),
  ...wavesOf(fallback, sampleOutputs(fallback), { ...facts, ingressHost: 'k8s-genai.elb.amazonaws.com' }),
];
const objects: readonly KubernetesObject[] = waves.flatMap((wave) => [...wave.secrets.map((spec) => renderSecret(spec, () => 'value')), ...wave.objects]);

/** Where kubernetes-models keeps a group: the core group has none, most others end in `.k8s.io`. */
const moduleOf = ({ apiVersion, kind }: KubernetesObject): string => `kubernetes-models/${apiVersion}/${kind}`;

interface Model {
  validate(): void;
}
const load = async (object: KubernetesObject): Promise<new (data: unknown) => Model> => {
  const found = (await import(moduleOf(object))) as Record<string, new (data: unknown) => Model>;
  return found[object.kind] as new (
    data: unknown,
  ) => Model;
};

/** The faults that the API's schema finds: unknown fields too, because a model drops nothing and its schema is closed below. */
async function faultsOf(object: KubernetesObject): Promise<string> {
  const own = EKS_SPECS[`${object.apiVersion}/${object.kind}`];
  if (own !== undefined) {
    const result = own.safeParse(object.spec);
    return result.success ? '' : JSON.stringify(result.error.issues);
  }
  try {
    const Kind = await load(object);
    new Kind(object).validate();
    return '';
  } catch (error) {
    return String(error);
  }
}

describe('the objects', () => {
  it('are many, of all waves and both modes', () => expect(objects.length).toBeGreaterThan(100));

  for (const [name, object] of new Map(objects.map((candidate) => [`${candidate.kind} ${candidate.metadata.name}`, candidate]))) {
    it(`${name} has the shape of its API`, async () => expect(await faultsOf(object)).toBe(''));
  }

  it('would be found out with a wrong type, a missing member, or an unknown field of EKS', async () => {
    const deployment = objects.find(({ kind }) => kind === 'Deployment') as KubernetesObject & { spec: Record<string, unknown> };
    expect(await faultsOf({ ...deployment, spec: { ...deployment.spec, revisionHistoryLimit: 'two' } })).not.toBe('');
    expect(await faultsOf({ ...deployment, spec: { ...deployment.spec, selector: undefined } })).not.toBe('');
    const binding = objects.find(({ kind }) => kind === 'TargetGroupBinding') as KubernetesObject & { spec: Record<string, unknown> };
    expect(await faultsOf({ ...binding, spec: { ...binding.spec, targetGroupName: 'x' } })).not.toBe('');
  });

  it('have names that Kubernetes takes, once each in a mode', () => {
    for (const mode of [wavesOf(plain, sampleOutputs(), facts), wavesOf(fallback, sampleOutputs(fallback), facts)]) {
      const names = mode.flatMap(({ objects: own, secrets }) => [
        ...own.map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`),
        ...secrets.map((spec) => `Secret/${spec.namespace}/${spec.name}`),
      ]);
      expect(new Set(names).size).toBe(names.length);
    }
    for (const { kind, metadata } of objects) if (!/Role|APIService/.test(kind)) expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  });

  it('are plain JSON and equal for equal arguments', () => {
    expect(JSON.parse(JSON.stringify(wavesOf(plain, sampleOutputs(), facts)))).toEqual(wavesOf(plain, sampleOutputs(), facts));
    expect(JSON.stringify(objects)).not.toContain('undefined');
  });
});
