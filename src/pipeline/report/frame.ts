import { html, type Markup, trustedMarkup } from './markup.ts'
import { style } from './style.ts'

/**
 * A page of one file: no script, no address of anything outside of it. The policy in its head forbids a browser to load or
 * run anything, so that even an escape that failed could do nothing.
 *
 * @param content what stands in `<main>` before the footer
 * @returns the whole document
 */
export function framePage(page: { readonly title: string; readonly notice: string; readonly content: Markup }): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${page.title}</title>
<style>${trustedMarkup(style)}</style></head>
<body><main>
${page.content}
<footer><p>${page.notice}</p></footer>
</main></body></html>
`.markup
}
