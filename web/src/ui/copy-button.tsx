// Copies a text and says so; falls back to a hidden field where the clipboard API is away (plain http on another host).
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.style.position = 'fixed';
    field.style.opacity = '0';
    document.body.append(field);
    field.select();
    const copied = document.execCommand('copy');
    field.remove();
    return copied;
  }
}

export function CopyButton({ text, label }: { text: string; label?: string }): ReactNode {
  const { t } = useText();
  const [copied, setCopied] = useState(false);
  const name = copied ? t('common.copied') : (label ?? t('common.copy'));
  return (
    <Tooltip label={name}>
      <ActionIcon
        size="sm"
        color={copied ? 'teal' : 'gray'}
        aria-label={name}
        onClick={async (event) => {
          event.stopPropagation();
          setCopied(await copyText(text));
          setTimeout(() => setCopied(false), 1_500);
        }}
      >
        {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
      </ActionIcon>
    </Tooltip>
  );
}
