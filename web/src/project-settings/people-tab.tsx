// The people of a project: their role in the organisation, and the one that counts in the project instead.
import '#mantine-later.css';
import { ActionIcon, Button, Group, Select, Skeleton, Stack, Table, Text, Tooltip } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useSession } from '#lib/session.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { type Person, peopleQuery, ROLES, type Role, usePeopleChanges } from './use-people.ts';

export function PeopleTab({ projectId }: { projectId: string }): ReactNode {
  const { t } = useText();
  const query = useQuery(peopleQuery(projectId));
  const { remove, put } = usePeopleChanges(projectId);
  if (query.error && !query.data) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton height={240} radius="md" />;
  const { data, mayChange } = query.data;
  const error = put.error ?? remove.error;
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed" maw={720}>
        {t('people.intro')}
      </Text>
      {!mayChange && (
        <Text size="sm" c="dimmed">
          {t('projectSettings.readOnly')}
        </Text>
      )}
      {mayChange && <GiveRole projectId={projectId} people={data} />}
      {error && <ErrorState error={error} />}
      <Table.ScrollContainer minWidth={560}>
        <Table verticalSpacing={6} aria-label={t('projectSettings.tab.people')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('people.person')}</Table.Th>
              <Table.Th>{t('people.inOrganization')}</Table.Th>
              <Table.Th>{t('people.inProject')}</Table.Th>
              <Table.Th w={44} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.map((person) => (
              <PersonRow key={person.userId} projectId={projectId} person={person} mayChange={mayChange} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function PersonRow({ projectId, person, mayChange }: { projectId: string; person: Person; mayChange: boolean }): ReactNode {
  const { t } = useText();
  const { user } = useSession();
  const { remove, put } = usePeopleChanges(projectId);
  const { projectRole } = person;
  const inherit = t('people.inherit', { name: person.name });
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" truncate>
          {person.name}
          {person.userId === user.id && <span className="quiet"> {t('people.you')}</span>}
        </Text>
        {person.email !== null && (
          <Text size="xs" c="dimmed" truncate>
            {person.email}
          </Text>
        )}
      </Table.Td>
      <Table.Td className={projectRole === null ? undefined : 'quiet'}>{t(`people.role.${person.organizationRole}`)}</Table.Td>
      <Table.Td>
        {mayChange && projectRole !== null ? (
          <RoleSelect
            label={t('people.roleOf', { name: person.name })}
            value={projectRole}
            disabled={put.isPending}
            onChange={(role) => put.mutate({ userId: person.userId, role })}
          />
        ) : projectRole === null ? (
          <span className="quiet">{t('people.same')}</span>
        ) : (
          t(`people.role.${projectRole}`)
        )}
      </Table.Td>
      <Table.Td>
        {mayChange && projectRole !== null && (
          <Tooltip label={inherit}>
            <ActionIcon aria-label={inherit} loading={remove.isPending} onClick={() => remove.mutate(person.userId)}>
              <IconArrowBackUp size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function RoleSelect({
  label,
  value,
  disabled = false,
  onChange,
}: {
  label: string;
  value: Role;
  disabled?: boolean;
  onChange: (role: Role) => void;
}): ReactNode {
  const { t } = useText();
  return (
    <Select
      aria-label={label}
      w={150}
      allowDeselect={false}
      disabled={disabled}
      value={value}
      data={ROLES.map((role) => ({ value: role, label: t(`people.role.${role}`) }))}
      onChange={(next) => next !== null && onChange(next as Role)}
    />
  );
}

/** Those who have no role of their own here yet. */
function GiveRole({ projectId, people }: { projectId: string; people: readonly Person[] }): ReactNode {
  const { t } = useText();
  const { put } = usePeopleChanges(projectId);
  const [userId, setUserId] = useState<string | null>(null);
  const [role, setRole] = useState<Role>('member');
  const others = people.filter((person) => person.projectRole === null);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (userId !== null) put.mutate({ userId, role }, { onSuccess: () => setUserId(null) });
      }}
    >
      <Group align="flex-end" gap="xs">
        <Select
          label={t('people.give')}
          placeholder={t('people.choose')}
          w={300}
          searchable
          value={userId}
          data={others.map((person) => ({ value: person.userId, label: person.email === null ? person.name : `${person.name} (${person.email})` }))}
          onChange={setUserId}
          nothingFoundMessage={t('people.nobody')}
        />
        <RoleSelect label={t('people.newRole')} value={role} onChange={setRole} />
        <Button type="submit" disabled={userId === null} loading={put.isPending}>
          {t('people.giveRole')}
        </Button>
      </Group>
      {put.error && <ErrorState error={put.error} />}
    </form>
  );
}
