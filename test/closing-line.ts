import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one line that any script can read: `N passed, N failed`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0
    let failed = errors.length
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state)
      passed += states.filter((state) => state === 'passed').length
      failed += states.filter((state) => state === 'failed').length
      // A module that could not even be loaded has no tests to fail.
      if (states.length === 0 && !module.ok()) failed++
    }
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  }
}
