// Picks a sliding window or two instants; the choice lives in the page's URL.
import { Button, Group, Popover, SegmentedControl, Stack, TextInput } from '@mantine/core';
import { IconCalendar, IconChevronDown } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatInstant } from '#lib/format.ts';
import { resolveTimeRange, type TimeRange, toLocalInput, WINDOWS, type WindowName } from '#lib/time-range.ts';

export function TimeRangePicker({ value, onChange }: { value: TimeRange; onChange: (range: TimeRange) => void }): ReactNode {
  const { t, language } = useText();
  const [opened, setOpened] = useState(false);
  const label = value.kind === 'window' ? t(`range.${value.name}`) : `${formatInstant(value.from, language)} – ${formatInstant(value.to, language)}`;
  const choose = (range: TimeRange) => {
    onChange(range);
    setOpened(false);
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconCalendar size={14} />}
          rightSection={<IconChevronDown size={12} />}
          aria-label={t('range.label', { range: label })}
          onClick={() => setOpened(!opened)}
        >
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <RangeForm value={value} onChoose={choose} />
      </Popover.Dropdown>
    </Popover>
  );
}

function RangeForm({ value, onChoose }: { value: TimeRange; onChoose: (range: TimeRange) => void }): ReactNode {
  const { t } = useText();
  const initial = resolveTimeRange(value, Date.now());
  const [from, setFrom] = useState(toLocalInput(initial.from));
  const [to, setTo] = useState(toLocalInput(initial.to));
  const valid = from !== '' && to !== '' && new Date(from) < new Date(to);
  return (
    <Stack gap="sm" w={260}>
      <SegmentedControl
        size="xs"
        fullWidth
        orientation="vertical"
        aria-label={t('range.windows')}
        value={value.kind === 'window' ? value.name : ''}
        data={(Object.keys(WINDOWS) as WindowName[]).map((name) => ({ value: name, label: t(`range.${name}`) }))}
        onChange={(name) => onChoose({ kind: 'window', name: name as WindowName })}
      />
      <TextInput type="datetime-local" label={t('range.from')} value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
      <TextInput type="datetime-local" label={t('range.to')} value={to} onChange={(event) => setTo(event.currentTarget.value)} />
      <Group justify="flex-end">
        <Button disabled={!valid} onClick={() => onChoose({ kind: 'between', from: new Date(from).toISOString(), to: new Date(to).toISOString() })}>
          {t('range.apply')}
        </Button>
      </Group>
    </Stack>
  );
}
