import type { ExploreNews, ExploreSettings, ExploreTotals } from '../pipeline/data/explore.ts'
import { printable } from './graph-printable.ts'
import type { Shell } from './shell.ts'

export type ExploreProgress = {
  /** Says what is about to happen, and what will not. */
  begin(settings: ExploreSettings): void
  tell(news: ExploreNews): void
  close(): void
}

/** Tells of a walk on stderr: one line that is redrawn on a terminal, a line per page into a pipe. */
export function createExploreProgress(
  shell: Shell,
  { pages, isQuiet }: { readonly pages: number; readonly isQuiet: boolean },
): ExploreProgress {
  const { errColors: colors } = shell
  let isDrawn = false
  const line = (text: string): void => {
    if (isQuiet) return
    shell.err(`${isDrawn ? '\r\u001b[K' : ''}${text}\n`)
    isDrawn = false
  }
  const draw = (text: string): void => {
    if (isQuiet || !shell.isLive) return
    const width = Math.max(20, shell.columns() - 1)
    shell.err(`\r\u001b[K${text.length <= width ? text : `${text.slice(0, width - 1)}…`}`)
    isDrawn = true
  }
  return {
    begin: ({ dir, apiUrl, endpoint }) => {
      shell.interruptNote = 'stopped; the same command goes on where it was'
      line(`walk of ${apiUrl} → ${dir}`)
      if (endpoint === null) {
        line(
          colors.yellow(
            'no endpoint: infoboxes alone are read; with --endpoint-url and --endpoint-model a model reads the sections',
          ),
        )
      }
    },
    tell: (news) => {
      const sums = `${countsOf(news.totals, pages)}`
      if (news.kind === 'reading') draw(`❯ ${sums} · reading ${printable(news.title)}`)
      else if (news.kind === 'resumed') line(`goes on after ${sums}`)
      else if (news.kind === 'skip') draw(`❯ ${sums} · left out ${printable(news.title)}: ${news.reason}`)
      else if (shell.isLive) draw(`❯ ${sums}`)
      else {
        const { title, triples, rejected, totals } = news
        line(`page ${totals.pages}/${pages}  ${printable(title)}: ${triples} triples, ${rejected} rejected`)
      }
      if (news.totals.pages > 0) {
        shell.interruptNote = `stopped after ${news.totals.pages} pages; the same command goes on there`
      }
    },
    close: () => {
      if (isDrawn) shell.err('\n')
      isDrawn = false
    },
  }
}

const countsOf = (totals: ExploreTotals, pages: number): string =>
  `${totals.pages}/${pages} pages · ${totals.triples} triples · ${totals.rejected} rejected`
