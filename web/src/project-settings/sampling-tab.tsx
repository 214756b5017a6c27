// Tail sampling of a project: the rule, and by how much the project's figures are short of what was sent.
import '#mantine-later.css';
import { Badge, Button, Group, Skeleton, Stack, Switch, Table, TagsInput, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { bytes } from '#health/amounts.ts';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { useProjectRole } from '#lib/session.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Money } from '#ui/money.tsx';
import { type LeftOutDay, type Sampling, type SamplingForm, samplingFaults, samplingForm } from './sampling-values.ts';
import { samplingQuery, useSaveSampling } from './use-sampling.ts';

export function SamplingTab({ projectId }: { projectId: string }): ReactNode {
  const { t, language } = useText();
  const query = useQuery({ ...samplingQuery(projectId), refetchInterval: 10_000 });
  if (query.error && !query.data) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton height={240} radius="md" />;
  const { rule, waiting, leftOut } = query.data;
  return (
    <Stack gap="lg">
      <Group gap="sm" align="baseline">
        <Badge color={rule === null ? 'gray' : 'teal'}>{rule === null ? t('sampling.off') : t('sampling.on')}</Badge>
        <Text size="sm" c="dimmed" maw={720}>
          {t('sampling.intro')}
        </Text>
      </Group>
      <SamplingFormView projectId={projectId} sampling={query.data} />
      <section aria-label={t('sampling.leftOut')}>
        <Group gap="sm" mb="xs" align="baseline">
          <Title order={3}>{t('sampling.leftOut')}</Title>
          {rule !== null && (
            <Text size="sm" c="dimmed">
              {t('sampling.waiting', { count: formatCount(waiting, language) })}
            </Text>
          )}
        </Group>
        {leftOut.length === 0 ? (
          <Text c="dimmed">{t('sampling.nothing')}</Text>
        ) : (
          <>
            <Text size="sm" c="dimmed" mb="xs" maw={720}>
              {t('sampling.short')}
            </Text>
            <LeftOut days={leftOut} />
          </>
        )}
      </section>
    </Stack>
  );
}

function SamplingFormView({ projectId, sampling }: { projectId: string; sampling: Sampling }): ReactNode {
  const { t } = useText();
  const readOnly = useProjectRole(projectId) !== 'admin';
  const save = useSaveSampling(projectId);
  const [form, setForm] = useState<SamplingForm>(() => samplingForm(sampling.rule));
  const faults = samplingFaults(form);
  const disabled = readOnly || !form.on;
  const set = <Field extends keyof SamplingForm>(field: Field, value: SamplingForm[Field]) => setForm((old) => ({ ...old, [field]: value }));
  const number = (field: 'percent' | 'slowerThanMs' | 'costAbove' | 'quietSeconds', hint?: string) => (
    <TextInput
      label={t(`sampling.${field}`)}
      description={hint}
      inputMode="decimal"
      disabled={disabled}
      value={form[field]}
      error={faults.has(field) ? t(`sampling.fault.${field}`) : null}
      onChange={(event) => set(field, event.currentTarget.value)}
    />
  );
  const some = (field: 'environments' | 'tags' | 'names') => (
    <TagsInput label={t(`sampling.${field}`)} disabled={disabled} value={form[field]} onChange={(value) => set(field, value)} />
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!form.on || faults.size === 0) save.mutate(form);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm" maw={720}>
        <Switch label={t('sampling.switch')} checked={form.on} disabled={readOnly} onChange={(event) => set('on', event.currentTarget.checked)} />
        <Group grow align="flex-start">
          {number('percent', t('sampling.percentHint'))}
          {number('quietSeconds', t('sampling.quietHint'))}
        </Group>
        <Title order={4}>{t('sampling.always')}</Title>
        <Group gap="xl">
          <Switch label={t('sampling.errors')} checked={form.errors} disabled={disabled} onChange={(event) => set('errors', event.currentTarget.checked)} />
          <Switch label={t('sampling.scores')} checked={form.scores} disabled={disabled} onChange={(event) => set('scores', event.currentTarget.checked)} />
        </Group>
        <Group grow align="flex-start">
          {number('slowerThanMs')}
          {number('costAbove')}
        </Group>
        <Group grow align="flex-start">
          {some('environments')}
          {some('tags')}
          {some('names')}
        </Group>
        <Text size="sm" c="dimmed">
          {t('sampling.inUse')}
        </Text>
        {save.error && <ErrorState error={save.error} />}
        {readOnly ? (
          <Text size="sm" c="dimmed">
            {t('projectSettings.readOnly')}
          </Text>
        ) : (
          <Group gap="sm">
            <Button type="submit" loading={save.isPending}>
              {t('common.save')}
            </Button>
            {save.isSuccess && (
              <Text size="sm" c="dimmed" role="status">
                {t('projectSettings.saved')}
              </Text>
            )}
          </Group>
        )}
      </Stack>
    </form>
  );
}

function LeftOut({ days }: { days: readonly LeftOutDay[] }): ReactNode {
  const { t, language } = useText();
  const count = (value: number) => (value === 0 ? <span className="quiet">–</span> : formatCount(value, language));
  return (
    <Table.ScrollContainer minWidth={680}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('sampling.day')}</Table.Th>
            <Table.Th>{t('sampling.reason')}</Table.Th>
            <Table.Th ta="end">{t('nav.traces')}</Table.Th>
            <Table.Th ta="end">{t('sampling.observations')}</Table.Th>
            <Table.Th ta="end">{t('nav.scores')}</Table.Th>
            <Table.Th ta="end">{t('sampling.errorCount')}</Table.Th>
            <Table.Th ta="end">{t('sampling.size')}</Table.Th>
            <Table.Th ta="end">{t('sampling.cost')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {days.map((row) => (
            <Table.Tr key={`${row.day} ${row.reason}`}>
              <Table.Td className="numeric">{row.day}</Table.Td>
              <Table.Td>{t(`sampling.reason.${row.reason}`)}</Table.Td>
              <Table.Td ta="end" className="numeric">
                {count(row.traces)}
              </Table.Td>
              <Table.Td ta="end" className="numeric">
                {count(row.observations)}
              </Table.Td>
              <Table.Td ta="end" className="numeric">
                {count(row.scores)}
              </Table.Td>
              <Table.Td ta="end" className="numeric">
                {count(row.errors)}
              </Table.Td>
              <Table.Td ta="end" className="numeric">
                {bytes(row.bytes)}
              </Table.Td>
              <Table.Td ta="end">{row.reason === 'late' ? <span className="quiet">–</span> : <Money value={row.cost} />}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
