// The look: calm greys, one blue, small type and little padding, because people read rows here all day.
import { createTheme, type MantineColorsTuple } from '@mantine/core';

const ink: MantineColorsTuple = ['#eef2ff', '#dbe3fb', '#b5c4f3', '#8da3ec', '#6b87e5', '#5574e1', '#4969df', '#3a59c6', '#314fb2', '#25439d'];
const dark: MantineColorsTuple = ['#d5d9e0', '#aeb4bf', '#868d9a', '#626977', '#424955', '#343a45', '#272c35', '#1b1f26', '#15181e', '#0f1216'];

const FONT =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Hiragino Sans", "Hiragino Kaku Gothic ProN", "Yu Gothic UI", Meiryo, "Noto Sans CJK JP", "Noto Sans JP", sans-serif';

export const theme = createTheme({
  primaryColor: 'ink',
  primaryShade: { light: 7, dark: 5 },
  colors: { ink, dark },
  fontFamily: FONT,
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", "Noto Sans Mono CJK JP", monospace',
  headings: { fontFamily: FONT, fontWeight: '600', sizes: { h1: { fontSize: '1.125rem' }, h2: { fontSize: '0.9375rem' }, h3: { fontSize: '0.8125rem' } } },
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  spacing: { xs: '0.375rem', sm: '0.625rem', md: '0.875rem', lg: '1.25rem', xl: '1.75rem' },
  defaultRadius: 'sm',
  radius: { xs: '3px', sm: '5px', md: '7px' },
  cursorType: 'pointer',
  // Plain defaults instead of `Component.extend`: importing the components here would put all of them into the first load.
  components: {
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Badge: { defaultProps: { variant: 'light', radius: 'sm', size: 'sm' }, styles: { root: { textTransform: 'none', fontWeight: 500, flex: 'none' } } },
    Button: { defaultProps: { size: 'xs' } },
    Drawer: { defaultProps: { position: 'right', size: 'lg', overlayProps: { backgroundOpacity: 0.25 } } },
    Modal: { defaultProps: { centered: true } },
    Paper: { defaultProps: { withBorder: true, radius: 'md' } },
    Select: { defaultProps: { size: 'xs', comboboxProps: { shadow: 'md' } } },
    Tabs: { defaultProps: { keepMounted: false } },
    TagsInput: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'xs' } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
  },
});
