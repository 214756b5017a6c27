// navigation.en.ts の日本語。
import type { navigationEn } from './navigation.en.ts';

export const navigationJa: Record<keyof typeof navigationEn, string> = { 'nav.group.gateway': 'ゲートウェイ', 'nav.group.observe': 'オブザーバビリティ' };
