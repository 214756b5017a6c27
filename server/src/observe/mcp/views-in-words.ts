// What each view of the metrics can be grouped by and measured in, as one sentence a view for a reader who cannot open the docs.
import { VIEW_OF } from '#observe/metrics/views.ts';

export function viewsInWords(): string {
  return Object.entries(VIEW_OF)
    .map(([name, { dimensions, measures }]) => `View ${name}: dimensions ${Object.keys(dimensions).join(', ')}; measures ${Object.keys(measures).join(', ')}.`)
    .join(' ');
}
