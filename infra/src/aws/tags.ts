// Tags as plain records, whatever list form a service uses.

export type Tags = Readonly<Record<string, string>>;

interface ListedTag {
  Key?: string | undefined;
  Value?: string | undefined;
  TagKey?: string | undefined;
  TagValue?: string | undefined;
}

export function tagsOf(list: readonly ListedTag[] | undefined): Tags {
  return Object.fromEntries((list ?? []).map((tag) => [tag.Key ?? tag.TagKey ?? '', tag.Value ?? tag.TagValue ?? '']));
}

export function tagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
