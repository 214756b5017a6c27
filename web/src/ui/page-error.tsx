// A page that failed to draw or whose code did not arrive (a newer release replaced it): says so instead of a white screen.
import type { ReactNode } from 'react';
import { ErrorState } from './error-state.tsx';

export function PageError({ error }: { error: unknown }): ReactNode {
  return (
    <div style={{ padding: 20, maxWidth: 720 }}>
      <ErrorState error={error} onRetry={() => window.location.reload()} />
    </div>
  );
}
