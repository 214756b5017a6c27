// A conversation with its roles, tool calls and their answers; long texts are folded, pictures from elsewhere are links and never fetched.
import { Anchor, Badge, Button, Text } from '@mantine/core';
import { IconArrowBackUp, IconBrain, IconTool } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { type TextKey, useText } from '#i18n/i18n.ts';
import { CodeBlock } from '#ui/code-block.tsx';
import { CopyButton } from '#ui/copy-button.tsx';
import type { ChatMessage, ChatPart, Conversation } from './chat.ts';
import styles from './chat-view.module.css';

const FOLD_AT = 2_400;
/** Beyond this many messages only the newest are drawn until the reader asks for all. */
const SHOWN_MESSAGES = 60;

const ROLES: Readonly<Record<string, TextKey>> = {
  system: 'role.system',
  developer: 'role.developer',
  user: 'role.user',
  assistant: 'role.assistant',
  tool: 'role.tool',
};

export function ChatView({ conversation }: { conversation: Conversation }): ReactNode {
  const { t } = useText();
  const [all, setAll] = useState(false);
  const { messages, tools } = conversation;
  const hidden = all ? 0 : Math.max(0, messages.length - SHOWN_MESSAGES);
  return (
    <div className={styles.list}>
      {tools.length > 0 && <Tools tools={tools} />}
      {hidden > 0 && (
        <Button variant="default" onClick={() => setAll(true)}>
          {t('chat.showAll', { count: hidden })}
        </Button>
      )}
      {messages.slice(hidden).map((message, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: recorded messages have no id and never move.
        <Message key={index} message={message} />
      ))}
    </div>
  );
}

function Message({ message }: { message: ChatMessage }): ReactNode {
  const { t } = useText();
  const role = ROLES[message.role];
  const text = message.parts.map((part) => ('text' in part ? part.text : '')).join('\n');
  return (
    <article className={styles.message} data-role={message.role}>
      <header className={styles.head}>
        <span className={styles.role}>{role ? t(role) : message.role}</span>
        {message.name && <span className="quiet">{message.name}</span>}
        <span className={styles.copy}>{text !== '' && <CopyButton text={text} />}</span>
      </header>
      {message.parts.length === 0 && <Text c="dimmed">{t('chat.empty')}</Text>}
      {message.parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have no id and never move.
        <Part key={index} part={part} />
      ))}
    </article>
  );
}

function Part({ part }: { part: ChatPart }): ReactNode {
  const { t } = useText();
  switch (part.kind) {
    case 'text':
      return <LongText text={part.text} />;
    case 'thinking':
      return (
        <details className={styles.thinking}>
          <summary>
            <IconBrain size={13} aria-hidden /> {t('chat.thinking')}
          </summary>
          <LongText text={part.text} />
        </details>
      );
    case 'tool-call':
      return (
        <div className={styles.tool}>
          <div className={styles.toolHead}>
            <IconTool size={13} aria-hidden />
            <strong>{part.name}</strong>
            {part.id && <span className={styles.toolId}>{part.id}</span>}
          </div>
          {part.arguments !== '' && <CodeBlock text={part.arguments} wrap maxHeight={260} />}
        </div>
      );
    case 'tool-result':
      return (
        <div className={styles.tool}>
          <div className={styles.toolHead}>
            <IconArrowBackUp size={13} aria-hidden />
            <span>{t('chat.toolResult')}</span>
            {part.id && <span className={styles.toolId}>{part.id}</span>}
          </div>
          <CodeBlock text={part.text} wrap maxHeight={260} />
        </div>
      );
    case 'image':
      return <Picture url={part.url} />;
    default:
      return <CodeBlock text={part.json} wrap maxHeight={260} />;
  }
}

function Picture({ url }: { url: string }): ReactNode {
  const { t } = useText();
  if (/^data:image\/(png|jpeg|gif|webp);/i.test(url)) return <img src={url} alt={t('chat.image')} className={styles.image} />;
  if (!/^https?:\/\//i.test(url)) return <Badge color="gray">{t('chat.image')}</Badge>;
  return (
    <Anchor href={url} target="_blank" rel="noopener noreferrer" size="sm">
      {t('chat.image')}: {url}
    </Anchor>
  );
}

function LongText({ text }: { text: string }): ReactNode {
  const { t } = useText();
  const [open, setOpen] = useState(false);
  const folded = text.length > FOLD_AT && !open;
  return (
    <div>
      <div className={styles.text}>{folded ? `${text.slice(0, FOLD_AT)}…` : text}</div>
      {text.length > FOLD_AT && (
        <Button variant="subtle" size="compact-xs" onClick={() => setOpen(!open)}>
          {open ? t('chat.less') : t('chat.more', { count: text.length - FOLD_AT })}
        </Button>
      )}
    </div>
  );
}

function Tools({ tools }: { tools: Conversation['tools'] }): ReactNode {
  const { t } = useText();
  return (
    <details className={styles.offered}>
      <summary>
        <IconTool size={13} aria-hidden /> {t('chat.tools', { count: tools.length })}
        <span className="quiet truncate">{tools.map((tool) => tool.name).join(', ')}</span>
      </summary>
      {tools.map((tool) => (
        <div key={tool.name} className={styles.tool}>
          <strong>{tool.name}</strong>
          {tool.description && <Text size="sm">{tool.description}</Text>}
          {tool.parameters && <CodeBlock text={tool.parameters} wrap maxHeight={220} />}
        </div>
      ))}
    </details>
  );
}
