import { ConfigError } from './errors.ts'

/**
 * The User-Agent of a robot: what it is, and how to reach whoever runs it, as public services ask.
 *
 * @param product name and version: `fleming-wiki-agent/1`
 * @throws {ConfigError} when the contact is neither an e-mail nor a web address
 */
export function userAgentOf(product: string, contact: string): string {
  const text = contact.trim()
  const isAddress = /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text) || /^https?:\/\/[^\s/]+/.test(text)
  if (!isAddress || text.length > 200 || !/^[\x21-\x7e]+$/.test(text) || /[()]/.test(text)) {
    throw new ConfigError(contact === '' ? 'a robot needs a contact' : `"${contact}" is no contact`, {
      hint: 'give an e-mail or web address: the operators of a site must be able to reach whoever runs a robot',
    })
  }
  return `${product} (${text})`
}
