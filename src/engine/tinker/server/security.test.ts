import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../../core/errors.ts'
import { checkOptions, isLoopback, type TinkerServerOptions } from './options.ts'
import { checkHost, createKeyCheck, createLinkSigner } from './security.ts'

const options = (hostname: string, apiKey?: string): TinkerServerOptions =>
  ({ listen: { hostname, port: 0 }, apiKey }) as TinkerServerOptions

describe('who may ask', () => {
  test('with a key, only who sends it; without, everybody', () => {
    const check = createKeyCheck('tml-right')
    expect(() => check('tml-right')).not.toThrow()
    for (const wrong of [undefined, '', 'tml-wrong', 'tml-right ', 'tml-righ'])
      expect(() => check(wrong)).toThrow('API key')
    expect(() => createKeyCheck(undefined)(undefined)).not.toThrow()
  })

  test('beyond this computer a key is required', () => {
    for (const hostname of ['0.0.0.0', '::', '192.168.0.4', 'example.org', '127.0.0.1.example.org']) {
      expect(() => checkOptions(options(hostname))).toThrow(ConfigError)
      expect(() => checkOptions(options(hostname, 'k'))).not.toThrow()
    }
    for (const hostname of ['127.0.0.1', 'localhost', '::1'])
      expect(() => checkOptions(options(hostname))).not.toThrow()
    expect(() => checkOptions(options('127.0.0.1', ''))).toThrow('empty')
    expect(() => checkOptions({ ...options('::1'), limits: { maxModels: 0 } })).toThrow('maxModels')
  })

  test('a web page that points its own name to this computer is refused', () => {
    for (const host of ['127.0.0.1:80', 'localhost', '[::1]:8000', undefined])
      expect(() => checkHost(host, true)).not.toThrow()
    expect(() => checkHost('evil.example:8000', true)).toThrow('another computer')
    expect(() => checkHost('gpu-node:8000', false)).not.toThrow()
    expect(isLoopback('localhost.evil.example')).toBe(false)
  })
})

describe('a download link', () => {
  const signer = createLinkSigner()
  const { expiresMs, signature } = signer.sign('/a', 1000)

  test('is good for its path, for fifteen minutes', () => {
    expect(() => signer.check('/a', expiresMs, signature, expiresMs)).not.toThrow()
    expect(expiresMs).toBe(1000 + 900_000)
  })

  test('is refused later, for another path, another time, or from another server', () => {
    expect(() => signer.check('/a', expiresMs, signature, expiresMs + 1)).toThrow('expired')
    expect(() => signer.check('/b', expiresMs, signature, 2000)).toThrow('expired')
    expect(() => signer.check('/a', expiresMs + 1, signature, 2000)).toThrow('expired')
    expect(() => signer.check('/a', Number.NaN, '', 2000)).toThrow('expired')
    expect(() => createLinkSigner().check('/a', expiresMs, signature, 2000)).toThrow('expired')
  })
})
