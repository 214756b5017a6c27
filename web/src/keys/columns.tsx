// The columns of the virtual keys table.
import { ActionIcon, Badge, Menu } from '@mantine/core';
import { IconDotsVertical, IconLock, IconLockOpen, IconPencil, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { Instant } from '#ui/instant.tsx';
import { SpendCell } from '#ui/spend-cell.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import { statusOf, type VirtualKeyRow } from './key-values.ts';
import styles from './keys.module.css';

export interface KeyActions {
  mayChange: boolean;
  onEdit: (row: VirtualKeyRow) => void;
  onDelete: (row: VirtualKeyRow) => void;
  onBlock: (row: VirtualKeyRow) => void;
}

export function useKeyColumns(actions: KeyActions): Column<VirtualKeyRow>[] {
  const { t, language } = useText();
  const limits = (row: VirtualKeyRow) => {
    const parts = [
      row.rpm_limit === null ? null : `${formatCount(row.rpm_limit, language)} rpm`,
      row.tpm_limit === null ? null : `${formatCount(row.tpm_limit, language)} tpm`,
      row.max_parallel_requests === null ? null : t('keys.parallelShort', { count: row.max_parallel_requests }),
    ].filter((part) => part !== null);
    return parts.length > 0 ? <span title={parts.join(' · ')}>{parts.join(' · ')}</span> : <span className="quiet">{t('keys.unlimited')}</span>;
  };
  return [
    { id: 'alias', header: t('keys.alias'), width: 'minmax(120px, 1.2fr)', render: (row) => <AliasCell row={row} /> },
    { id: 'status', header: t('keys.status'), width: '84px', minTableWidth: 420, render: (row) => <StatusBadge row={row} /> },
    { id: 'models', header: t('nav.models'), width: 'minmax(110px, 1.2fr)', minTableWidth: 640, render: (row) => <ModelsCell models={row.models ?? []} /> },
    {
      id: 'team',
      header: t('requests.team'),
      width: 'minmax(70px, 0.6fr)',
      minTableWidth: 960,
      render: (row) => row.team_alias ?? row.team_id ?? <span className="quiet">–</span>,
    },
    { id: 'spend', header: t('keys.spend'), width: 'minmax(136px, 1.1fr)', render: (row) => <SpendCell spend={row.spend} maxBudget={row.max_budget} /> },
    { id: 'limits', header: t('keys.limits'), width: 'minmax(110px, 1fr)', minTableWidth: 820, render: limits },
    {
      id: 'expires',
      header: t('keys.expires'),
      width: '128px',
      minTableWidth: 900,
      render: (row) => (row.expires === null ? <span className="quiet">{t('keys.never')}</span> : <Instant at={row.expires} />),
    },
    { id: 'actions', header: '', width: '28px', align: 'end', render: (row) => actions.mayChange && <RowMenu row={row} actions={actions} /> },
  ];
}

function AliasCell({ row }: { row: VirtualKeyRow }): ReactNode {
  const { t } = useText();
  return (
    <div className={styles.stack}>
      <span className="truncate">{row.key_alias ?? <span className="quiet">{t('keys.noAlias')}</span>}</span>
      <span className={styles.name}>{row.key_name ?? ''}</span>
    </div>
  );
}

function StatusBadge({ row }: { row: VirtualKeyRow }): ReactNode {
  const { t } = useText();
  const status = statusOf(row, Date.now());
  const colours = { active: 'teal', blocked: 'red', expired: 'gray' } as const;
  return <Badge color={colours[status]}>{t(`keys.${status}`)}</Badge>;
}

function ModelsCell({ models }: { models: readonly string[] }): ReactNode {
  const { t } = useText();
  if (models.length === 0) return <span className="quiet">{t('keys.allModels')}</span>;
  return <span title={models.join('\n')}>{models.join(', ')}</span>;
}

function RowMenu({ row, actions }: { row: VirtualKeyRow; actions: KeyActions }): ReactNode {
  const { t } = useText();
  const blocked = row.blocked === true;
  return (
    <Menu position="bottom-end" shadow="md" withinPortal>
      <Menu.Target>
        <ActionIcon size="sm" aria-label={t('keys.actionsFor', { name: row.key_alias ?? row.key_name ?? '' })} onClick={(event) => event.stopPropagation()}>
          <IconDotsVertical size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown onClick={(event) => event.stopPropagation()}>
        <Menu.Item leftSection={<IconPencil size={14} />} onClick={() => actions.onEdit(row)}>
          {t('keys.edit')}
        </Menu.Item>
        <Menu.Item leftSection={blocked ? <IconLockOpen size={14} /> : <IconLock size={14} />} onClick={() => actions.onBlock(row)}>
          {blocked ? t('keys.unblock') : t('keys.block')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item color="red" leftSection={<IconTrash size={14} />} onClick={() => actions.onDelete(row)}>
          {t('keys.delete')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
