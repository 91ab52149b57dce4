import { posix } from 'node:path'
import ts from 'typescript'

/** A TypeScript file, with its path from the root of the repository, `/` between the parts. */
export type SourceFile = { readonly path: string; readonly text: string }

export type Import = {
  /** Path of a relative import, from the root; the name of a package otherwise. */
  readonly target: string
  readonly isRelative: boolean
  /** Vanishes when the types are stripped. */
  readonly isTypeOnly: boolean
  /** Names taken from the module; `*` and `default` where it is taken as a whole. */
  readonly names: readonly string[]
}

/** What the rules of test/architecture.test.ts ask of a file. */
export type Facts = {
  readonly path: string
  readonly isTest: boolean
  readonly lineCount: number
  readonly imports: readonly Import[]
  /** Every `object.property` whose object is a plain name, as `JSON.parse`. */
  readonly members: ReadonlySet<string>
  readonly hasDefaultExport: boolean
  readonly throwsBareError: boolean
  readonly readsClockByDate: boolean
  /** Doc tags such as `@paper`. */
  readonly tags: ReadonlySet<string>
}

/** The facts of a file, from its syntax tree: a pattern would take a word in a comment or a text for code. */
export function readFacts({ path, text }: SourceFile): Facts {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const imports: Import[] = []
  const members = new Set<string>()
  let hasDefaultExport = false
  let throwsBareError = false
  let readsClockByDate = false
  const visit = (node: ts.Node): void => {
    const found = importOf(node, path)
    if (found !== null) imports.push(found)
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      members.add(`${node.expression.text}.${node.name.text}`)
    }
    hasDefaultExport ||= isDefaultExport(node)
    throwsBareError ||= ts.isThrowStatement(node) && isCallOf(node.expression, 'Error')
    readsClockByDate ||= isCallOf(node, 'Date') && (ts.isCallExpression(node) || (node.arguments?.length ?? 0) === 0)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return {
    path,
    isTest: path.endsWith('.test.ts'),
    lineCount: text.trimEnd().split('\n').length,
    imports,
    members,
    hasDefaultExport,
    throwsBareError,
    readsClockByDate,
    tags: new Set([...text.matchAll(/^\s*(?:\/\*)?\*\s*(@\w+)/gm)].map((match) => match[1] ?? '')),
  }
}

function importOf(node: ts.Node, path: string): Import | null {
  if (ts.isImportDeclaration(node)) {
    const clause = node.importClause
    const bindings = clause?.namedBindings
    const elements = bindings !== undefined && ts.isNamedImports(bindings) ? [...bindings.elements] : []
    const names = elements
      .filter((element) => !element.isTypeOnly)
      .map(({ propertyName, name }) => (propertyName ?? name).text)
    if (clause?.name !== undefined) names.push('default')
    if (bindings !== undefined && ts.isNamespaceImport(bindings)) names.push('*')
    const isTypeOnly =
      clause !== undefined && (clause.phaseModifier === ts.SyntaxKind.TypeKeyword || names.length === 0)
    return makeImport(node.moduleSpecifier, path, isTypeOnly, names)
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    const elements =
      node.exportClause !== undefined && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : null
    const names = elements
      ?.filter((element) => !element.isTypeOnly)
      .map(({ propertyName, name }) => (propertyName ?? name).text)
    return makeImport(node.moduleSpecifier, path, node.isTypeOnly || names?.length === 0, names ?? ['*'])
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return makeImport(node.arguments[0], path, false, ['*'])
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return makeImport(node.argument.literal, path, true, [])
  }
  return null
}

function makeImport(
  specifier: ts.Node | undefined,
  path: string,
  isTypeOnly: boolean,
  names: readonly string[],
): Import | null {
  // An import of a computed name, as for a user's plugin, has no target to judge.
  if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return null
  const isRelative = specifier.text.startsWith('.')
  const target = isRelative ? posix.join(posix.dirname(path), specifier.text) : specifier.text
  return { target, isRelative, isTypeOnly, names }
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true
  if (ts.isExportSpecifier(node)) return node.name.text === 'default'
  return (
    ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true
  )
}

function isCallOf(node: ts.Node, name: string): node is ts.CallExpression | ts.NewExpression {
  const isCall = ts.isCallExpression(node) || ts.isNewExpression(node)
  return isCall && ts.isIdentifier(node.expression) && node.expression.text === name
}
