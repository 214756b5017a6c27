// For tests only: resolves a template's functions against what was made, as CloudFormation does.

export interface Resource {
  Type: string;
  Properties?: Record<string, unknown>;
  DeletionPolicy?: string;
  DependsOn?: string | string[];
}

export interface Template {
  Resources: Record<string, Resource>;
  Outputs?: Record<string, { Value: unknown; Export?: { Name: unknown } }>;
}

export interface Resolver {
  /** Physical id of a logical one, or a pseudo parameter's value. */
  ref(logicalId: string): string;
  attribute(logicalId: string, name: string): string;
  imported(exportName: string): string;
}

type Function_ = (value: unknown, resolver: Resolver) => string;

const FUNCTIONS: Readonly<Record<string, Function_>> = {
  Ref: (value, resolver) => resolver.ref(String(value)),
  'Fn::GetAtt': (value, resolver) => {
    const [logicalId, ...name] = Array.isArray(value) ? (value as string[]) : String(value).split('.');
    return resolver.attribute(logicalId ?? '', name.join('.'));
  },
  'Fn::ImportValue': (value, resolver) => resolver.imported(text(value, resolver)),
  'Fn::Join': (value, resolver) => {
    const [separator, parts] = value as [string, unknown[]];
    return parts.map((part) => text(part, resolver)).join(separator);
  },
  'Fn::Select': (value, resolver) => {
    const [index, list] = value as [number, unknown];
    const parts = Array.isArray(list) ? list.map((part) => text(part, resolver)) : text(list, resolver).split(',');
    return parts[Number(index)] ?? '';
  },
  'Fn::Sub': (value, resolver) => String(Array.isArray(value) ? value[0] : value).replace(/\$\{([^}]+)\}/g, (_, name: string) => resolver.ref(name)),
};

/** The text of a value with its functions carried out. */
export function text(value: unknown, resolver: Resolver): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [name, argument] = Object.entries(value)[0] ?? [];
  const run = FUNCTIONS[name ?? ''];
  if (run === undefined) throw new Error(`the fake knows no ${name}`);
  return run(argument, resolver);
}

/** Export names that a template imports. */
export function importsOf(template: Template): string[] {
  return [...JSON.stringify(template.Resources).matchAll(/"Fn::ImportValue":"([^"]+)"/g)].map((match) => match[1] ?? '');
}

/** Logical ids in an order in which each comes after those that it refers to. */
export function creationOrder(template: Template): string[] {
  const ids = Object.keys(template.Resources);
  const needs = new Map(ids.map((id) => [id, ids.filter((other) => other !== id && mentions(template.Resources[id], other))]));
  const ordered: string[] = [];
  const visit = (id: string): void => {
    if (ordered.includes(id)) return;
    for (const other of needs.get(id) ?? []) visit(other);
    ordered.push(id);
  };
  for (const id of ids) visit(id);
  return ordered;
}

function mentions(resource: Resource | undefined, other: string): boolean {
  const body = JSON.stringify(resource);
  return body.includes(`{"Ref":"${other}"}`) || body.includes(`"Fn::GetAtt":["${other}",`) || [resource?.DependsOn ?? []].flat().includes(other);
}
