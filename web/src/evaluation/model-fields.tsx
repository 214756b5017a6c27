// A connection and one of its models.
import '#mantine-later.css';
import { Autocomplete, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { modelsQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { ASKABLE, GATEWAY_PROVIDER } from './connection-values.ts';
import { connectionsQuery } from './use-connections.ts';
import type { ModelChoice } from './use-evaluation.ts';

interface FieldsProps {
  projectId: string;
  value: ModelChoice;
  onChange: (value: ModelChoice) => void;
  disabled?: boolean;
  error?: string | null;
}

export function ModelFields({ projectId, value, onChange, disabled = false, error = null }: FieldsProps): ReactNode {
  const { t } = useText();
  const connections = useQuery(connectionsQuery(projectId)).data?.data ?? [];
  const gateway = useQuery(modelsQuery).data?.data ?? [];
  const askable = connections.filter(({ provider, adapter }) => provider !== GATEWAY_PROVIDER && (ASKABLE as readonly string[]).includes(adapter));
  const chosen = askable.find(({ provider }) => provider === value.provider);
  const models = value.provider === GATEWAY_PROVIDER ? gateway.map(({ name }) => name).filter((name) => !name.includes('*')) : (chosen?.customModels ?? []);
  return (
    <>
      <Select
        style={{ flex: 1 }}
        label={t('evaluators.connection')}
        allowDeselect={false}
        disabled={disabled}
        value={value.provider}
        data={[GATEWAY_PROVIDER, ...askable.map(({ provider }) => provider)]}
        onChange={(provider) => provider && onChange({ provider, model: '' })}
      />
      <Autocomplete
        style={{ flex: 1 }}
        size="xs"
        label={t('common.model')}
        disabled={disabled}
        data={models}
        value={value.model}
        error={error}
        onChange={(model) => onChange({ ...value, model })}
      />
    </>
  );
}
