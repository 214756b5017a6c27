// How the console is bundled: base /ui/ so that assets load under /ui/assets from any page path, no inline script, one small file per page.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: '/ui/',
  plugins: [react()],
  build: {
    target: 'es2023',
    // These know light-dark(); for older ones the minifier would rewrite it into a form that misses the colour scheme that Mantine sets.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsDir: 'assets',
    // Data URLs for scripts and fonts would fall to the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:4000', '/key': 'http://127.0.0.1:4000' } },
});
