import { type Facts, type Import, readFacts, type SourceFile } from './architecture-facts.ts'

/** Layer → the layers it may import besides itself: docs/architecture.md, the table of layers. */
export const LAYERS: { readonly [layer: string]: readonly string[] } = {
  core: [],
  text: ['core'],
  endpoint: ['core'],
  graph: ['core', 'text', 'endpoint'],
  engine: ['core'],
  questions: ['core', 'text', 'endpoint', 'graph'],
  rewards: ['core', 'text'],
  trajectories: ['core', 'text', 'endpoint', 'graph', 'questions'],
  policy: ['core', 'text', 'questions', 'rewards', 'trajectories'],
  evaluation: ['core', 'text', 'graph', 'questions'],
  release: ['core'],
  pipeline: [
    'core',
    'text',
    'endpoint',
    'graph',
    'engine',
    'questions',
    'rewards',
    'trajectories',
    'policy',
    'evaluation',
    'release',
  ],
  server: ['core', 'text', 'pipeline'],
  cli: ['core', 'pipeline', 'server'],
}

const MAX_LINES = 500
const PAPER_MAP = 'docs/paper-map.md'
const ORT_FILE = 'src/engine/local/session.ts'
const JSON_FILE = 'src/core/json.ts'
const CLOCK_FILE = 'src/core/clock.ts'

const CLOCK_MEMBERS = ['Math.random', 'Date.now', 'performance.now', 'process.hrtime']
const JSON_MEMBERS = ['JSON.parse', 'JSON.stringify']

/** Exports of node:fs that change a disk, or take the module as a whole and so could. */
const WRITES =
  /^(\*|default|promises|(write|append|rename|rm|rmdir|unlink|mkdir|mkdtemp|f?truncate|copyFile|cp|link|symlink|f?chmod|f?chown|l?utimes)\w*|createWriteStream)$/
const FILE_SYSTEM_MODULES = ['node:fs', 'node:fs/promises', 'fs', 'fs/promises']

/** Name of a rule → what breaks it, one message each. */
export type Violations = { readonly [rule: string]: readonly string[] }

/**
 * What breaks the architecture of a set of files; a rule without violations has an empty list.
 *
 * @param paperMap the text of docs/paper-map.md, or null when there is none
 */
export function findViolations(files: readonly SourceFile[], paperMap: string | null): Violations {
  const facts = files.map(readFacts)
  const code = facts.filter(({ isTest, path }) => !isTest && path.startsWith('src/'))
  return {
    layers: code.flatMap(layerViolations),
    cycles: findCycles(code),
    length: facts
      .filter(({ lineCount }) => lineCount > MAX_LINES)
      .map(({ path, lineCount }) => `${path} has ${lineCount} lines, more than ${MAX_LINES}`),
    onnxruntime: code
      .filter(
        ({ path, imports }) => path !== ORT_FILE && imports.some(({ target }) => target.startsWith('onnxruntime')),
      )
      .map(({ path }) => `${path} imports onnxruntime; only ${ORT_FILE} may`),
    json: outside(code, [JSON_FILE], JSON_MEMBERS, 'core/json.ts'),
    clock: [
      ...outside(code, [CLOCK_FILE], CLOCK_MEMBERS, 'core/clock.ts or core/rng.ts'),
      ...code
        .filter(({ path, readsClockByDate }) => readsClockByDate && path !== CLOCK_FILE)
        .map(({ path }) => `${path} uses new Date(); use core/clock.ts`),
    ],
    writes: code.filter(({ path }) => !isStore(path)).flatMap(writeViolations),
    errors: code.filter((file) => file.throwsBareError).map(({ path }) => `${path} throws a bare Error`),
    defaults: code.filter((file) => file.hasDefaultExport).map(({ path }) => `${path} has a default export`),
    paper: paperViolations(code, paperMap),
  }
}

function layerOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null
}

function layerViolations({ path, imports }: Facts): string[] {
  const layer = layerOf(path)
  // src/index.ts, the one barrel, stands above all layers.
  if (layer === null) return []
  const allowed = LAYERS[layer]
  if (allowed === undefined) return [`${path}: there is no layer "${layer}"`]
  return imports
    .filter(({ isRelative, target }) => isRelative && !isAllowed(layer, allowed, target))
    .map(({ target }) => `${path} imports ${target}; ${layer} may import ${['itself', ...allowed].join(', ')}`)
}

function isAllowed(layer: string, allowed: readonly string[], target: string): boolean {
  const other = layerOf(target)
  if (other === null || LAYERS[other] === undefined) return false
  if (other === layer || allowed.includes(other)) return true
  return layer !== 'core' && target === `src/${other}/types.ts`
}

/** Each cycle once, as the files along it; an import of types alone closes none. */
function findCycles(files: readonly Facts[]): string[] {
  const targets = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.filter(({ isTypeOnly }) => !isTypeOnly).map(({ target }) => target),
    ]),
  )
  const cycles: string[] = []
  const done = new Set<string>()
  const trail: string[] = []
  const visit = (path: string): void => {
    const start = trail.indexOf(path)
    if (start !== -1) cycles.push([...trail.slice(start), path].join(' → '))
    if (start !== -1 || done.has(path)) return
    trail.push(path)
    for (const target of targets.get(path) ?? []) visit(target)
    trail.pop()
    done.add(path)
  }
  for (const { path } of files) visit(path)
  return cycles
}

function outside(files: readonly Facts[], homes: readonly string[], banned: readonly string[], use: string): string[] {
  return files
    .filter(({ path }) => !homes.includes(path))
    .flatMap(({ path, members }) =>
      banned.filter((member) => members.has(member)).map((member) => `${path} uses ${member}; use ${use}`),
    )
}

function isStore(path: string): boolean {
  return path === 'src/core/store.ts' || path.startsWith('src/core/store/')
}

function writeViolations({ path, imports }: Facts): string[] {
  const writes = ({ target, names }: Import): readonly string[] =>
    FILE_SYSTEM_MODULES.includes(target)
      ? names.filter((name) => WRITES.test(name) || (name === 'open' && target.endsWith('promises')))
      : []
  return imports.flatMap(writes).map((name) => `${path} imports ${name} of node:fs; write through core/store.ts`)
}

function paperViolations(files: readonly Facts[], paperMap: string | null): string[] {
  const tagged = files.filter(({ tags }) => tags.has('@paper') || tags.has('@deviation'))
  if (tagged.length === 0) return []
  if (paperMap === null) {
    return [`${PAPER_MAP} does not exist; it must name the ${tagged.length} files with @paper or @deviation`]
  }
  return tagged
    .filter(({ path }) => !paperMap.includes(path))
    .map(({ path }) => `${path} has @paper or @deviation, but ${PAPER_MAP} does not name it`)
}
