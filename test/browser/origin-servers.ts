/**
 * The sample origins that the origin adapter is tested against, one a way to behave. Started in Node: by the global
 * setup for tests in a browser, which read the URLs with `inject('originServers')`, and by tests in Node themselves.
 */

import { makeSampleFile } from '../../testbed/sample-file.ts'
import { startSampleOrigin } from '../../testbed/sample-origin.ts'
import type { SampleOrigin, SampleOriginOptions } from '../../testbed/sample-origin.ts'
import { closedPort } from '../closed-port.ts'
import { ORIGIN_FILE } from '../contract/origin-file.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of a file by the name of the configuration that serves it. */
    originServers: Record<string, string>
  }
}

export interface OriginServers {
  readonly provide: Record<string, string>
  stop(): Promise<void>
}

type Configuration = Omit<SampleOriginOptions, 'files'>

const CONFIGURATIONS: Record<string, Configuration> = {
  normal: {},
  exposed: { exposeHeaders: true },
  noEtag: { exposeHeaders: true, etag: 'none' },
  weakEtag: { exposeHeaders: true, faults: () => ({ headers: { ETag: 'W/"weak"' } }) },
  noCors: { cors: false },
  rangesIgnored: { ranges: false },
  rangesIgnoredSlowly: { ranges: false, rateBitsPerSec: 80_000 },
  otherRange: {
    exposeHeaders: true,
    faults: () => ({ headers: { 'Content-Range': `bytes 7-99/${ORIGIN_FILE.sizeBytes}` } }),
  },
  cutRange: {
    exposeHeaders: true,
    faults: () => ({ headers: { 'Content-Range': `bytes 0-99/${ORIGIN_FILE.sizeBytes}` } }),
  },
  malformedRange: { exposeHeaders: true, faults: () => ({ headers: { 'Content-Range': 'bytes all' } }) },
  multipart: {
    faults: () => ({ headers: { 'Content-Type': 'multipart/byteranges; boundary=x' } }),
  },
  longer: { faults: () => ({ extraBytes: 10 }) },
  breaks: { faults: () => ({ truncateAfterBytes: 100_000 }) },
  chunked: { faults: () => ({ chunked: true }) },
  chunkedShort: { faults: () => ({ chunked: true, truncateAfterBytes: 1_000 }) },
  chunkedLong: { faults: () => ({ chunked: true, extraBytes: 1 }) },
  gzip: { exposeHeaders: true, faults: () => ({ gzip: true }) },
  gzipHidden: { faults: () => ({ gzip: true }) },
  gzipWhole: { exposeHeaders: true, ranges: false, faults: () => ({ gzip: true }) },
  gzipWholeHidden: { ranges: false, faults: () => ({ gzip: true }) },
  slow: { rateBitsPerSec: 80_000 },
  silent: { faults: () => ({ delayHeadersMs: 600_000 }) },
  busy: busyFor('30'),
  busyUntil: busyFor('Fri, 31 Dec 2100 23:59:59 GMT'),
  busySince: busyFor('Fri, 31 Dec 1999 23:59:59 GMT'),
  busyOddly: busyFor('soon'),
  corsAtStartOnly: {
    faults: ({ range }) =>
      range === 'bytes=0-' ? null : { headers: { 'Access-Control-Allow-Origin': 'https://example.com' } },
  },
}

const STATUSES = [401, 403, 404, 410, 416, 418, 429, 451, 500, 503]

/** Starts them all, on free ports of 127.0.0.1. */
export async function startOriginServers(): Promise<OriginServers> {
  const files = { 'sample.bin': makeSampleFile(ORIGIN_FILE.sizeBytes, ORIGIN_FILE.seed) }
  const emptyFiles = { 'sample.bin': new Uint8Array(0) }
  const configurations: Record<string, SampleOriginOptions> = {
    empty: { files: emptyFiles },
    emptyRangesIgnored: { files: emptyFiles, ranges: false },
  }
  for (const [name, configuration] of Object.entries(CONFIGURATIONS)) {
    configurations[name] = { ...configuration, files }
  }
  for (const status of STATUSES) configurations[`status${status}`] = { files, faults: () => ({ status }) }

  const origins: SampleOrigin[] = []
  const provide: Record<string, string> = {
    unreachable: `http://127.0.0.1:${await closedPort()}/sample.bin`,
  }
  for (const [name, options] of Object.entries(configurations)) {
    const origin = await startSampleOrigin(options)
    origins.push(origin)
    provide[name] = origin.url('sample.bin')
  }
  return {
    provide,
    stop: async () => {
      await Promise.all(origins.map((origin) => origin.close()))
    },
  }
}

function busyFor(retryAfter: string): Configuration {
  return {
    exposeHeaders: true,
    faults: () => ({ status: 503, headers: { 'Retry-After': retryAfter } }),
  }
}
