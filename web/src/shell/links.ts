// The pages of the navigation, in groups: address, name, picture and keys. The shortcuts and their help come from this list too.
import {
  IconActivity,
  IconAdjustments,
  IconBell,
  IconBinaryTree2,
  IconBroadcast,
  IconChartBar,
  IconChecklist,
  IconCloudUpload,
  IconCube,
  IconFlask,
  IconHeartbeat,
  IconKey,
  IconLayoutDashboard,
  IconMailOff,
  IconMessage2,
  IconMessages,
  IconPlugConnected,
  IconScale,
  IconStar,
  IconTable,
  IconUser,
  IconUsersGroup,
} from '@tabler/icons-react';
import type { TextKey } from '#i18n/i18n.ts';

export const LINK_GROUPS = [
  {
    title: null,
    links: [{ to: '/ui/overview', also: '/ui/overview', text: 'nav.overview', icon: IconLayoutDashboard, keys: 'g o' }],
  },
  {
    title: 'nav.group.gateway',
    links: [
      { to: '/ui/requests', also: '/ui/requests', text: 'nav.requests', icon: IconActivity, keys: 'g r' },
      { to: '/ui/models', also: '/ui/models', text: 'nav.models', icon: IconCube, keys: 'g m' },
      { to: '/ui/keys', also: '/ui/keys', text: 'nav.keys', icon: IconKey, keys: 'g k' },
      { to: '/ui/teams', also: '/ui/teams', text: 'nav.teams', icon: IconUsersGroup, keys: 'g e', admin: true },
    ],
  },
  {
    title: 'nav.group.observe',
    links: [
      { to: '/ui/dashboards', also: '/dashboards/', text: 'nav.dashboards', icon: IconChartBar, keys: 'g b' },
      { to: '/ui/alerts', also: '/ui/alerts', text: 'nav.alerts', icon: IconBell, keys: 'g w' },
      { to: '/ui/traces', also: '/traces/', text: 'nav.traces', icon: IconBinaryTree2, keys: 'g t' },
      { to: '/ui/live', also: '/ui/live', text: 'nav.live', icon: IconBroadcast, keys: 'g l' },
      { to: '/ui/sessions', also: '/sessions/', text: 'nav.sessions', icon: IconMessages, keys: 'g s' },
      { to: '/ui/people', also: '/ui/people', text: 'nav.people', icon: IconUser, keys: 'g u' },
      { to: '/ui/scores', also: '/ui/scores', text: 'nav.scores', icon: IconStar, keys: 'g c' },
      { to: '/ui/prompts', also: '/prompts/', text: 'nav.prompts', icon: IconMessage2, keys: 'g p' },
      { to: '/ui/playground', also: '/ui/playground', text: 'nav.playground', icon: IconFlask, keys: 'g y' },
      { to: '/ui/datasets', also: '/datasets/', text: 'nav.datasets', icon: IconTable, keys: 'g d' },
      { to: '/ui/annotation', also: '/annotation-queues/', text: 'nav.annotation', icon: IconChecklist, keys: 'g a' },
      { to: '/ui/dead-letters', also: '/ui/dead-letters', text: 'nav.deadLetters', icon: IconMailOff, keys: 'g x' },
      { to: '/ui/evaluation', also: '/ui/evaluation', text: 'nav.evaluation', icon: IconScale, keys: 'g v' },
    ],
  },
  {
    title: 'nav.group.platform',
    links: [
      { to: '/ui/health', also: '/ui/health', text: 'nav.health', icon: IconHeartbeat, keys: 'g h' },
      { to: '/ui/project', also: '/ui/project', text: 'nav.projectSettings', icon: IconAdjustments, keys: 'g j' },
      { to: '/ui/export', also: '/ui/export', text: 'nav.export', icon: IconCloudUpload, keys: 'g f' },
      { to: '/ui/compatibility', also: '/ui/compatibility', text: 'nav.compatibility', icon: IconPlugConnected, keys: 'g i' },
    ],
  },
] as const satisfies readonly {
  title: TextKey | null;
  /** `also`: a part of other addresses that belong to the page. */
  /** `admin`: only administrators can use the page. */
  links: readonly { to: string; also: string; text: TextKey; icon: unknown; keys: string; admin?: true }[];
}[];

export const LINKS = LINK_GROUPS.flatMap((group): readonly (typeof group.links)[number][] => group.links);
