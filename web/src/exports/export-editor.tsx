// Where a project's export goes, how often, and as what.
import '#mantine-later.css';
import { Alert, Button, Group, Paper, PasswordInput, Select, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { Pair } from '#metrics/editor.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { checkExportForm, type ExportForm, exportBodyOf, exportFormOf, FILE_TYPES, FREQUENCIES, MODES, TYPES } from './export-values.ts';
import { type Integration, useExportChanges } from './use-export.ts';

interface EditorProps {
  projectId: string;
  /** null = there is none yet. */
  stored: Integration | null;
  isAdmin: boolean;
  /** It has just been kept. */
  saved: boolean;
  onSaved: () => void;
}

type Texts = 'bucketName' | 'endpoint' | 'region' | 'accessKeyId' | 'prefix';
const HINTED: readonly Texts[] = ['endpoint', 'prefix'];

export function ExportEditor({ projectId, stored, isAdmin, saved, onSaved }: EditorProps): ReactNode {
  const { t } = useText();
  const { save } = useExportChanges(projectId);
  const [form, setForm] = useState<ExportForm>(() => exportFormOf(stored));
  const [shown, setShown] = useState(false);
  const faults = checkExportForm(form, stored);
  const faultOf = (field: keyof ExportForm) => (shown && faults[field] ? t(`export.fault.${faults[field]}`) : null);
  const set = (part: Partial<ExportForm>) => setForm({ ...form, ...part });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(faults).length === 0) void save.mutateAsync(exportBodyOf(form, stored)).then(onSaved, () => undefined);
  };
  const field = (name: Texts, placeholder?: string) => (
    <TextInput
      label={t(`export.${name}`)}
      description={HINTED.includes(name) ? t(`export.${name as 'endpoint' | 'prefix'}Hint`) : undefined}
      placeholder={placeholder}
      value={form[name]}
      error={faultOf(name)}
      autoComplete="off"
      onChange={(event) => set({ [name]: event.currentTarget.value })}
    />
  );
  const begins = stored !== null && (form.exportMode !== stored.exportMode || exportBodyOf(form, stored).exportStartDate !== stored.exportStartDate);
  return (
    <Paper withBorder p="md" component="form" onSubmit={submit} noValidate>
      <fieldset disabled={!isAdmin} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
        <Stack gap="sm">
          <Title order={2}>{t('export.where')}</Title>
          <Text size="sm" c="dimmed">
            {isAdmin ? t('export.intro') : t('export.onlyAdmins')}
          </Text>
          <Pair>
            <Select
              label={t('export.type')}
              allowDeselect={false}
              value={form.type}
              data={TYPES.map((value) => ({ value, label: t(`export.type.${value}`) }))}
              onChange={(type) => type && set({ type, forcePathStyle: type === 'S3_COMPATIBLE' })}
            />
            {field('bucketName')}
          </Pair>
          {(form.type === 'S3_COMPATIBLE' || form.endpoint !== '') && field('endpoint', 'https://')}
          <Pair>
            {field('region', 'ap-northeast-1')}
            {field('prefix', 'genai/')}
          </Pair>
          <Pair>
            {field('accessKeyId')}
            <PasswordInput
              size="xs"
              label={t('export.secretAccessKey')}
              description={stored === null ? undefined : t('export.secretKept')}
              value={form.secretAccessKey}
              error={faultOf('secretAccessKey')}
              autoComplete="off"
              onChange={(event) => set({ secretAccessKey: event.currentTarget.value })}
            />
          </Pair>
          {form.type === 'S3_COMPATIBLE' && (
            <Switch label={t('export.pathStyle')} checked={form.forcePathStyle} onChange={(event) => set({ forcePathStyle: event.currentTarget.checked })} />
          )}
          <What form={form} set={set} startError={faultOf('startDay')} />
          {begins && <Alert color="yellow">{t('export.beginsAnew')}</Alert>}
          {save.error && <ErrorState error={save.error} />}
          {saved && (
            <Text size="sm" role="status">
              {t('export.saved')}
            </Text>
          )}
          {isAdmin && (
            <Group justify="flex-end">
              <Button type="submit" loading={save.isPending}>
                {t('common.save')}
              </Button>
            </Group>
          )}
        </Stack>
      </fieldset>
    </Paper>
  );
}

/** How often, as what, from when. */
function What({ form, set, startError }: { form: ExportForm; set: (part: Partial<ExportForm>) => void; startError: string | null }): ReactNode {
  const { t } = useText();
  return (
    <>
      <Pair>
        <Select
          label={t('export.frequency')}
          allowDeselect={false}
          value={form.exportFrequency}
          data={FREQUENCIES.map((value) => ({ value, label: t(`export.frequency.${value}`) }))}
          onChange={(exportFrequency) => exportFrequency && set({ exportFrequency })}
        />
        <Select
          label={t('export.fileType')}
          allowDeselect={false}
          value={form.fileType}
          data={FILE_TYPES.map((value) => ({ value, label: t(`export.fileType.${value}`) }))}
          onChange={(fileType) => fileType && set({ fileType })}
        />
      </Pair>
      <Pair>
        <Select
          label={t('export.mode')}
          allowDeselect={false}
          value={form.exportMode}
          data={MODES.map((value) => ({ value, label: t(`export.mode.${value}`) }))}
          onChange={(exportMode) => exportMode && set({ exportMode })}
        />
        {form.exportMode === 'FROM_CUSTOM_DATE' && (
          <TextInput
            type="date"
            label={t('export.startDay')}
            value={form.startDay}
            error={startError}
            onChange={(event) => set({ startDay: event.currentTarget.value })}
          />
        )}
      </Pair>
      {form.fileType !== 'PARQUET' && (
        <Switch label={t('export.compressed')} checked={form.compressed} onChange={(event) => set({ compressed: event.currentTarget.checked })} />
      )}
      <Switch label={t('export.enabled')} checked={form.enabled} onChange={(event) => set({ enabled: event.currentTarget.checked })} />
    </>
  );
}
