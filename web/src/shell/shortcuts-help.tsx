// The list of keyboard shortcuts that ? opens.
import '#mantine-later.css';
import { Kbd, Modal, Table } from '@mantine/core';
import { Fragment, type ReactNode } from 'react';
import { type TextKey, useText } from '#i18n/i18n.ts';
import { LINKS } from './links.ts';

const SHORTCUTS: readonly (readonly [readonly string[], TextKey])[] = [
  [['?'], 'shortcuts.help'],
  ...LINKS.map((link) => [link.keys.split(' '), link.text] as const),
  [['/'], 'shortcuts.search'],
  [['j', 'k'], 'shortcuts.rows'],
  [['Enter'], 'shortcuts.open'],
  [['Esc'], 'shortcuts.close'],
  [['↑', '↓'], 'shortcuts.treeMove'],
  [['←', '→'], 'shortcuts.treeFold'],
];

export function ShortcutsHelp({ opened, onClose }: { opened: boolean; onClose: () => void }): ReactNode {
  const { t } = useText();
  return (
    <Modal opened={opened} onClose={onClose} title={t('shortcuts.title')} size="sm" closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Table verticalSpacing={5} withRowBorders={false}>
        <Table.Tbody>
          {SHORTCUTS.map(([keys, text]) => (
            <Table.Tr key={text}>
              <Table.Td w={110}>
                {keys.map((key, index) => (
                  <Fragment key={key}>
                    {index > 0 && ' '}
                    <Kbd size="xs">{key}</Kbd>
                  </Fragment>
                ))}
              </Table.Td>
              <Table.Td>{t(text)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
