import type { AboutPage } from './explore-log.ts'

const WIKIPEDIA_LICENSE = 'CC BY-SA 4.0'

/** What the text of the wiki may be used under, in words. */
export function licenseOf(about: AboutPage | null): string {
  if (about === null) return 'not known yet'
  if (about.license !== null) return about.license
  return new URL(about.api).hostname.endsWith('.wikipedia.org') ? WIKIPEDIA_LICENSE : 'not stated by the server'
}

const openLicense =
  /\bcc0\b|public domain|publicdomain|creative commons|\bcc[- ]by\b|creativecommons\.org\/licenses\/by|\bgfdl\b|gnu free documentation/
const closedLicense = /non-?commercial|\bnc\b|no-? ?deriv|\bnd\b|all rights reserved/

/** Whether a licence in words lets everybody publish what it covers: unknown ones, and those for some uses only, do not. */
export function isOpenLicense(license: string): boolean {
  const words = license.toLowerCase()
  return openLicense.test(words) && !closedLicense.test(words)
}
