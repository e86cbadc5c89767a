import { request } from 'node:http'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { json, startStaticServer, type StaticServer } from '../../testbed/static-server.ts'

let server: StaticServer

beforeAll(async () => {
  server = await startStaticServer({
    routes: {
      '/': () => ({ type: 'text/html; charset=utf-8', body: '<title>Page</title>' }),
      '/data.json': () => json({ answer: 42 }),
      '/package.json': 'package.json',
      '/broken': () => Promise.reject(new Error('The cupboard is bare.')),
      '/gone.js': 'no-such-file.js',
    },
  })
})
afterAll(() => server.close())

/** As fetch(), but the path goes out as it is written. */
function statusOf(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(server.url, { path }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('error', reject).end()
  })
}

describe('static server', () => {
  test('serves what is listed, with its type and the strict policy', async () => {
    const response = await fetch(`${server.url}/?visitor=a`)
    expect(await response.text()).toBe('<title>Page</title>')
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = response.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'self'")
    expect(policy).not.toContain('unsafe-inline')
    expect(await (await fetch(`${server.url}/data.json`)).json()).toEqual({ answer: 42 })
  })

  test.each([
    '/tsconfig.json',
    '/../package.json',
    '/%2e%2e/package.json',
    '//package.json',
    '/package.json/',
  ])('does not serve %s, which is not listed', async (path) => {
    expect(await statusOf(path)).toBe(404)
  })

  test('answers HEAD without a body, and nothing but GET and HEAD', async () => {
    const head = await fetch(`${server.url}/`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await fetch(`${server.url}/`, { method: 'POST' })).status).toBe(405)
  })

  test('survives an answer that cannot be made', async () => {
    const broken = await fetch(`${server.url}/broken`)
    expect([broken.status, await broken.text()]).toEqual([500, 'The cupboard is bare.'])
    expect((await fetch(`${server.url}/gone.js`)).status).toBe(500)
    expect((await fetch(`${server.url}/`)).status).toBe(200)
  })

  test('says so where its port is taken', async () => {
    const port = Number(new URL(server.url).port)
    await expect(startStaticServer({ routes: {}, port })).rejects.toThrow('EADDRINUSE')
  })
})
