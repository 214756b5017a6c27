// Texts of the navigation's groups.
import { pageTexts } from '#i18n/page-texts.ts';

export const navigationTexts = pageTexts(
  { 'nav.group.gateway': 'Gateway', 'nav.group.observe': 'Observability' },
  { 'nav.group.gateway': 'ゲートウェイ', 'nav.group.observe': 'オブザーバビリティ' },
);
