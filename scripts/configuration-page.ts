import { z } from 'zod'
import { ConfigError } from '../src/core/errors.ts'
import { formatJson } from '../src/core/json.ts'
import { configSchema } from '../src/pipeline/config.ts'
import { dataConfigSchema } from '../src/pipeline/data/config.ts'

type Node = z.core.JSONSchema.BaseSchema

/** What a section is for, above its table; a section without a line here is an error, so that none is forgotten. */
const sections: Readonly<Record<string, string>> = {
  endpoints: 'Language models behind OpenAI-compatible addresses, each by a name that the steps below refer to.',
  curated: 'Stage `curated`: exam sets to train on, and the benchmarks that nothing may contain.',
  synthesis: 'Stage `synthesis`: questions made from the graph.',
  refinement: 'Stage `refinement`: what is left out, and what language models say of the rest.',
  mix: 'What of the rest is trained on, in which proportions.',
  engine: 'The student and the machine that trains it.',
  graph: 'The knowledge that everything is made from.',
  questions: 'Questions synthesised from the graph, and what is held out.',
  pretrain: 'Stage `pretrain`: the base model learns the facts by heart.',
  'cold-start': 'Stage `cold-start`: supervised fine-tuning on checked trajectories.',
  'rl-1': 'Stage `rl-1`: GRPO on hard and simple questions until the reward plateaus.',
  'rl-2': 'Stage `rl-2`: GRPO on the failures that sweeps of the training set find.',
  evaluation: 'Stage `evaluation`: greedy answers to held-out questions.',
  release: 'Stage `release`: the folder that can be published.',
}

const introduction = `# Configuration

<!-- Written by scripts/write-configuration.ts from src/pipeline/config.ts; do not edit. -->

A run is described by one YAML file, \`fleming.yaml\` unless \`--config\` names another. Every key has a default, so an empty
file is the default run. A key that is not in these tables is an error that names its line, and so is a value that does
not fit. \`--set a.b=c\` sets one key from the command line; \`--name\`, \`--seed\` and \`--data-seed\` are short for three of
them. The resolved configuration is kept as \`config.yaml\` in the folder of the run.

\`seed\` never changes graph, questions or splits: \`dataSeed\` does. Shares are fractions in [0, 1].`

const dataIntroduction = `# Configuration of a data run

<!-- Written by scripts/write-configuration.ts from src/pipeline/data/config.ts; do not edit. -->

\`fleming data\` is described by one YAML file. Only \`graph.sources\` has no default. A key that is not in these tables is
an error that names its line, and so is a value that does not fit. \`a[].b\` is the key \`b\` of each element of the list
\`a\`, \`a.NAME.b\` that of each entry of the section \`a\`. Guide: [data.md](data.md).`

/** The text of `docs/configuration.md`. @throws {ConfigError} when a key or a section has no description */
export const renderConfigurationPage = (): string => renderPage(configSchema, introduction)

/** The text of `docs/data-configuration.md`. @throws {ConfigError} when a key or a section has no description */
export const renderDataConfigurationPage = (): string => renderPage(dataConfigSchema, dataIntroduction)

/** Every key of a configuration with its default, what it allows and what it means. */
function renderPage(schema: z.ZodType, opening: string): string {
  const properties = Object.entries(propertiesOf(z.toJSONSchema(schema, { io: 'input' })))
  const isSection = ([, node]: [string, Node]): boolean => node.properties !== undefined || entryOf(node) !== null
  const plain = properties.filter((entry) => !isSection(entry))
  const parts = [opening, table(plain.flatMap(([key, node]) => rowsOf(key, node)))]
  for (const [name, node] of properties.filter(isSection)) {
    const purpose = sections[name]
    if (purpose === undefined) throw new ConfigError(`section "${name}" has no line in scripts/configuration-page.ts`)
    const entry = entryOf(node)
    const rows = Object.entries(propertiesOf(entry ?? node)).flatMap(([key, child]) =>
      rowsOf(entry === null ? key : `NAME.${key}`, child),
    )
    parts.push(`## ${name}\n\n${purpose}\n\n${table(rows)}`)
  }
  return `${parts.join('\n\n')}\n`
}

type Row = readonly [key: string, value: string, allowed: string, meaning: string]

/** A key as a row; a group of keys as one row each, "plateau.window". */
function rowsOf(key: string, node: Node): Row[] {
  // A group whose parts are explained by the group alone, such as the shares of forms, is one row.
  const parts = Object.values(propertiesOf(elementOf(node) ?? node))
  if (node.description !== undefined && parts.some(({ description }) => description === undefined)) {
    return [[key, formatDefault(node.default), allowedOf(node), node.description]]
  }
  if (node.properties !== undefined) {
    return Object.entries(propertiesOf(node)).flatMap(([child, inner]) => rowsOf(`${key}.${child}`, inner))
  }
  const element = elementOf(node)
  if (element !== null) {
    const inner = Object.entries(propertiesOf(element)).flatMap(([child, part]) => rowsOf(`${key}[].${child}`, part))
    return [[key, formatDefault(node.default), 'list of sections with', node.description ?? ''], ...inner]
  }
  // A section that may be left out, such as `lora`: its own row, and one for each of its keys.
  const optional = node.anyOf?.find((part) => part.properties !== undefined)
  if (optional !== undefined) {
    const inner = Object.entries(propertiesOf(optional)).flatMap(([child, part]) => rowsOf(`${key}.${child}`, part))
    return [[key, formatDefault(node.default), 'none, or a section with', node.description ?? ''], ...inner]
  }
  if (node.description === undefined) {
    throw new ConfigError(`"${key}" has no description`, { hint: 'add .describe(…) to it in src/pipeline/config.ts' })
  }
  return [[key, formatDefault(node.default), allowedOf(node), node.description]]
}

/** What each entry of a section of named entries holds, or null when it is no such section. */
function entryOf({ additionalProperties: entry }: Node): Node | null {
  return typeof entry === 'object' && entry.properties !== undefined ? entry : null
}

/** What each element of a list of sections holds, or null when it is no such list. */
function elementOf({ items }: Node): Node | null {
  return typeof items === 'object' && !Array.isArray(items) && items.properties !== undefined ? items : null
}

function propertiesOf(node: Node): Record<string, Node> {
  const entries = Object.entries(node.properties ?? {})
  return Object.fromEntries(entries.flatMap(([key, child]) => (typeof child === 'object' ? [[key, child]] : [])))
}

function formatDefault(value: unknown): string {
  if (value === null) return 'none'
  if (Array.isArray(value)) {
    const parts = value.map((part) => (typeof part === 'object' ? formatDefault(part) : String(part)))
    return parts.length === 0 ? 'empty' : parts.join(value.some((part) => typeof part === 'object') ? '; ' : ', ')
  }
  if (typeof value === 'string') return value
  if (value === undefined) return 'required'
  if (typeof value === 'number') return String(Number(value.toPrecision(4)))
  if (typeof value === 'object' && value !== null) {
    if (Object.keys(value).length === 0) return 'empty'
    return Object.entries(value)
      .map(([key, part]) => `${key}: ${String(part)}`)
      .join(', ')
  }
  return formatJson(value)
}

function allowedOf(node: Node): string {
  if (node.enum !== undefined) return node.enum.map(String).join(', ')
  if (node.const !== undefined) return String(node.const)
  if (node.anyOf !== undefined) return node.anyOf.map((part) => allowedOf(part)).join(' or ')
  if (node.type === 'null') return 'none'
  if (node.type === 'array' && typeof node.items === 'object' && !Array.isArray(node.items))
    return `list of ${allowedOf(node.items)}`
  if (node.type === 'object') return 'named values'
  if (node.type !== 'number' && node.type !== 'integer') return node.type === 'boolean' ? 'true, false' : 'text'
  const kind = node.type === 'integer' ? 'whole number' : 'number'
  const { minimum, maximum, exclusiveMinimum } = node
  // Whole numbers without a bound of ours carry those of a double.
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) return `${kind} in [${minimum}, ${maximum}]`
  if (typeof exclusiveMinimum === 'number') return `${kind} > ${exclusiveMinimum}`
  return minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? kind : `${kind} ≥ ${minimum}`
}

function table(rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(['Key', 'Default', 'Allowed', 'Meaning']),
    line(['---', '---', '---', '---']),
    ...rows.map(([key, value, allowed, meaning]) =>
      line([`\`${key}\``, `\`${value}\``, allowed, meaning].map((cell) => cell.replaceAll('|', '\\|'))),
    ),
  ].join('\n')
}
