// One team: its figures, its members, and what can be done with it.
import '#mantine-later.css';
import { ActionIcon, Badge, Button, Drawer, Group, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { IconLock, IconLockOpen, IconPencil, IconTrash, IconUserMinus } from '@tabler/icons-react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ConfirmDialog } from '#ui/confirm-dialog.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Facts } from '#ui/facts.tsx';
import { Identifier } from '#ui/identifier.tsx';
import { Instant } from '#ui/instant.tsx';
import { SpendCell } from '#ui/spend-cell.tsx';
import { TeamDialog } from './team-dialog.tsx';
import type { TeamRow } from './team-values.ts';
import { useTeamChanges } from './use-teams.ts';

export function TeamDrawer({ team, onClose }: { team: TeamRow | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  return (
    <Drawer opened={team !== null} onClose={onClose} title={team?.team_alias ?? team?.team_id ?? ''} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {team && <TeamDetail team={team} onClose={onClose} />}
    </Drawer>
  );
}

function TeamDetail({ team, onClose }: { team: TeamRow; onClose: () => void }): ReactNode {
  const { t } = useText();
  const { block, remove } = useTeamChanges();
  const [dialog, setDialog] = useState<'edit' | 'delete' | null>(null);
  const close = () => setDialog(null);
  return (
    <Stack gap="md">
      <Group gap="xs">
        <Button variant="default" leftSection={<IconPencil size={14} />} onClick={() => setDialog('edit')}>
          {t('keys.edit')}
        </Button>
        <Button
          variant="default"
          leftSection={team.blocked ? <IconLockOpen size={14} /> : <IconLock size={14} />}
          loading={block.isPending}
          onClick={() => block.mutate({ id: team.team_id, blocked: !team.blocked })}
        >
          {team.blocked ? t('keys.unblock') : t('keys.block')}
        </Button>
        <Button variant="default" color="red" leftSection={<IconTrash size={14} />} onClick={() => setDialog('delete')}>
          {t('keys.delete')}
        </Button>
      </Group>
      {block.error && <ErrorState error={block.error} />}
      <Facts
        items={[
          [t('traces.id'), <Identifier key="id" value={team.team_id} />],
          [
            t('keys.status'),
            <Badge key="status" color={team.blocked ? 'red' : 'teal'}>
              {team.blocked ? t('keys.blocked') : t('keys.active')}
            </Badge>,
          ],
          [t('keys.spend'), <SpendCell key="spend" spend={team.spend} maxBudget={team.max_budget} />],
          [t('teams.budgetEvery'), team.budget_duration],
          [t('teams.resetAt'), team.budget_reset_at === null ? null : <Instant key="reset" at={team.budget_reset_at} />],
          [t('keys.models'), team.models.join(', ') || t('keys.allModels')],
          [t('datasets.created'), <Instant key="created" at={team.created_at} />],
        ]}
      />
      <Members team={team} />
      <TeamDialog opened={dialog === 'edit'} row={team} onClose={close} />
      <ConfirmDialog
        opened={dialog === 'delete'}
        title={t('teams.deleteTitle')}
        question={t('teams.deleteQuestion', { name: team.team_alias ?? team.team_id })}
        hint={t('teams.deleteHint')}
        action={t('keys.delete')}
        busy={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() => remove.mutate(team.team_id, { onSuccess: onClose })}
      />
    </Stack>
  );
}

function Members({ team }: { team: TeamRow }): ReactNode {
  const { t } = useText();
  const { addMember, removeMember } = useTeamChanges();
  const [person, setPerson] = useState('');
  const [role, setRole] = useState('user');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    addMember.mutate({ id: team.team_id, person: person.trim(), role }, { onSuccess: () => setPerson('') });
  };
  return (
    <section aria-label={t('teams.members')}>
      <Title order={3} mb="xs">
        {t('teams.members')} ({team.members_with_roles.length})
      </Title>
      <Table verticalSpacing={4}>
        <Table.Tbody>
          {team.members_with_roles.map((member) => (
            <Table.Tr key={member.user_id ?? member.user_email}>
              <Table.Td>
                <Text size="sm" truncate>
                  {member.user_email ?? member.user_id}
                </Text>
              </Table.Td>
              <Table.Td w={80}>{member.role === 'admin' ? t('teams.role.admin') : t('teams.role.user')}</Table.Td>
              <Table.Td w={32}>
                {member.user_id !== null && (
                  <ActionIcon
                    size="sm"
                    aria-label={t('teams.removeMember', { name: member.user_email ?? member.user_id })}
                    loading={removeMember.isPending && removeMember.variables.userId === member.user_id}
                    onClick={() => removeMember.mutate({ id: team.team_id, userId: member.user_id as string })}
                  >
                    <IconUserMinus size={15} />
                  </ActionIcon>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {removeMember.error && <ErrorState error={removeMember.error} />}
      <form onSubmit={submit}>
        <Group gap="xs" align="flex-end" mt="xs">
          <TextInput
            style={{ flex: 1 }}
            label={t('teams.addMember')}
            placeholder="person@example.com"
            value={person}
            onChange={(event) => setPerson(event.currentTarget.value)}
          />
          <Select
            w={110}
            allowDeselect={false}
            aria-label={t('teams.role')}
            value={role}
            data={[
              { value: 'user', label: t('teams.role.user') },
              { value: 'admin', label: t('teams.role.admin') },
            ]}
            onChange={(value) => setRole(value ?? 'user')}
          />
          <Button type="submit" loading={addMember.isPending} disabled={person.trim() === ''}>
            {t('teams.add')}
          </Button>
        </Group>
      </form>
      {addMember.error && <ErrorState error={addMember.error} />}
    </section>
  );
}
