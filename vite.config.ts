import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'

import { findChromium, chromiumFlags } from './testbed/chromium.ts'

/** `vite build` makes the ESM library, `--mode global` the script-tag build, `--mode command` the CLI. */
export default defineConfig(({ mode }) => ({
  build: builds[mode as keyof typeof builds] ?? builds.library,
  publicDir: false as const,
  test: {
    reporters: ['default', './test/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/contract/**/*.node.test.ts'],
          environment: 'node',
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts', 'test/contract/**/*.browser.test.ts'],
          globalSetup: ['test/browser/servers.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: findChromium(), args: chromiumFlags },
            }),
            instances: [{ browser: 'chromium' as const }],
          },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          environment: 'node',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
}))

const builds = {
  library: {
    target: 'es2023',
    sourcemap: true,
    emptyOutDir: true,
    lib: { entry: 'src/index.ts', formats: ['es' as const], fileName: () => 'index.js' },
  },
  global: {
    target: 'es2022',
    sourcemap: true,
    emptyOutDir: false,
    lib: {
      entry: 'src/global.ts',
      name: 'swarmfetch',
      formats: ['iife' as const],
      fileName: () => 'swarm.js',
    },
  },
  command: {
    target: 'node20',
    sourcemap: true,
    emptyOutDir: false,
    ssr: 'command/command.ts',
    rollupOptions: { output: { entryFileNames: 'command.js', codeSplitting: false } },
  },
}
