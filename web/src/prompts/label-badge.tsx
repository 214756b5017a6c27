// A label of a prompt; production stands out, because it is what applications get.
import { Badge } from '@mantine/core';
import type { ReactNode } from 'react';

export function LabelBadge({ label }: { label: string }): ReactNode {
  return <Badge color={label === 'production' ? 'teal' : label === 'latest' ? 'gray' : 'ink'}>{label}</Badge>;
}
