// Makes a team or changes what it may use and spend.
import '#mantine-later.css';
import { Button, Group, Modal, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { modelsQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { checkTeam, EMPTY_TEAM, type TeamFault, type TeamForm, type TeamRow, teamFormOf } from './team-values.ts';
import { useTeamChanges } from './use-teams.ts';

export function TeamDialog({ opened, row, onClose }: { opened: boolean; row: TeamRow | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  const title = row ? t('keys.editTitle', { name: row.team_alias ?? row.team_id }) : t('teams.create');
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <TeamFormView row={row} onClose={onClose} />
    </Modal>
  );
}

/** LiteLLM's duration texts that people choose. */
const DURATIONS = ['1d', '7d', '30d', '1mo'] as const;

function TeamFormView({ row, onClose }: { row: TeamRow | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  const { create, update } = useTeamChanges();
  const models = useQuery(modelsQuery);
  const [form, setForm] = useState<TeamForm>(row ? teamFormOf(row) : EMPTY_TEAM);
  const [shown, setShown] = useState(false);
  const faults = checkTeam(form);
  const error = create.error ?? update.error;
  const set = <Field extends keyof TeamForm>(field: Field, value: TeamForm[Field]) => setForm((old) => ({ ...old, [field]: value }));
  const faultText = (fault: TeamFault | undefined) => (shown && fault ? t(`keys.fault.${fault}`) : null);
  const text = (field: 'alias' | 'maxBudget' | 'rpm' | 'tpm', label: string, placeholder: string) => (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={form[field]}
      error={faultText(faults[field])}
      onChange={(event) => set(field, event.currentTarget.value)}
    />
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(faults).length > 0) return;
    if (row) update.mutate({ id: row.team_id, form }, { onSuccess: onClose });
    else create.mutate(form, { onSuccess: onClose });
  };
  const durations = [...new Set([...DURATIONS, form.budgetDuration].filter((one) => one !== ''))];
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        {text('alias', t('traces.name'), 'search-team')}
        <TagsInput
          label={t('keys.models')}
          description={t('keys.modelsHint')}
          placeholder={form.models.length === 0 ? t('keys.allModels') : ''}
          data={models.data?.data.map((model) => model.name) ?? []}
          value={form.models}
          onChange={(value) => set('models', value)}
          clearable
        />
        <Group grow align="flex-start">
          {text('maxBudget', t('keys.maxBudget'), t('keys.noBudget'))}
          <Select
            label={t('teams.budgetEvery')}
            clearable
            placeholder={t('teams.once')}
            data={durations}
            value={form.budgetDuration || null}
            onChange={(value) => set('budgetDuration', value ?? '')}
          />
        </Group>
        <Group grow align="flex-start">
          {text('rpm', t('keys.rpm'), t('keys.unlimited'))}
          {text('tpm', t('keys.tpm'), t('keys.unlimited'))}
        </Group>
        {error && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={create.isPending || update.isPending}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
