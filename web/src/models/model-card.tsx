// One model name with the deployments behind it.
import '#mantine-later.css';
import type { ConsoleModels } from '@genai/server/contract';
import { Badge, Button, Group, Table } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCode } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { useText } from '#i18n/i18n.ts';
import { Money } from '#ui/money.tsx';
import styles from './models.module.css';

type Model = ConsoleModels['data'][number];
type Deployment = Model['deployments'][number];

export function ModelCard({ model, active, onSnippet }: { model: Model; active: boolean; onSnippet: () => void }): ReactNode {
  const { t } = useText();
  const card = useRef<HTMLElement>(null);
  useEffect(() => {
    if (active) card.current?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <section ref={card} className={styles.card} data-active={active} aria-label={model.name}>
      <header className={styles.head}>
        <Group gap="sm">
          <h2 className={styles.name}>{model.name}</h2>
          {model.deployments[0]?.mode && <Badge color="gray">{model.deployments[0].mode}</Badge>}
        </Group>
        <Button variant="default" leftSection={<IconCode size={14} />} onClick={onSnippet}>
          {t('models.snippet')}
        </Button>
      </header>
      <Table.ScrollContainer minWidth={680} type="native">
        <Table verticalSpacing={6} horizontalSpacing="md" layout="fixed">
          <Table.Thead>
            <Table.Tr className={styles.columns}>
              <Table.Th w="30%">{t('models.deployment')}</Table.Th>
              <Table.Th w="40%">{t('models.state')}</Table.Th>
              <Table.Th w="15%" ta="right">
                {t('models.inputPrice')}
              </Table.Th>
              <Table.Th w="15%" ta="right">
                {t('models.outputPrice')}
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {model.deployments.map((deployment) => (
              <DeploymentRow key={deployment.id} deployment={deployment} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
}

function DeploymentRow({ deployment }: { deployment: Deployment }): ReactNode {
  const { t } = useText();
  return (
    <Table.Tr>
      <Table.Td>
        <div className="truncate" title={deployment.id}>
          {deployment.provider} / {deployment.upstreamModel}
        </div>
        {deployment.apiBase && (
          <div className={`truncate ${styles.base}`} title={deployment.apiBase}>
            {deployment.apiBase}
          </div>
        )}
      </Table.Td>
      <Table.Td>
        {deployment.ready ? (
          <span className={styles.state}>
            <IconCircleCheck size={15} className={styles.ready} aria-hidden />
            {t('models.isReady')}
          </span>
        ) : (
          <span className={styles.state}>
            <IconAlertTriangle size={15} className={styles.missing} aria-hidden />
            <span>{deployment.problem ?? t('models.notReady')}</span>
          </span>
        )}
      </Table.Td>
      <Table.Td ta="right">
        <Money value={deployment.inputCostPerMillion} />
      </Table.Td>
      <Table.Td ta="right">
        <Money value={deployment.outputCostPerMillion} />
      </Table.Td>
    </Table.Tr>
  );
}
