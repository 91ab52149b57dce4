import { ShapeError } from '../../../core/errors.ts'
import type {
  Attributes,
  Constant,
  DataType,
  Dim,
  Graph,
  GraphNode,
  NodeOp,
  Shape,
  TensorType,
  Value,
} from './graph.ts'
import { nodeKinds } from './nodes.ts'

/** What a gradient rule may use besides the values it closed over. */
export type PullbackContext = {
  readonly graph: GraphBuilder
  /** Gradient of the loss with respect to the operation's output; has the output's shape. */
  readonly incoming: Value
  /** Whether anybody wants the gradient of this input. */
  readonly needs: (input: Value | undefined) => boolean
  /**
   * The gradient other consumers have already left for this input, handed over: the rule must return the sum. Saves
   * the Add of a fan-out when the rule can start from it (C of a Gemm, base of a scatter).
   */
  readonly take: (input: Value) => Value | undefined
}

/** One differentiable step: how a gradient of `output` becomes gradients of `inputs`, in their order. */
export type TapeEntry = {
  readonly output: Value
  readonly inputs: readonly (Value | undefined)[]
  readonly pullback: (context: PullbackContext) => readonly (Value | undefined)[]
}

type ConstantData = Constant['data']

/** Constants up to this size are looked up by content, chosen by us: shapes, axes and scalars, not tables. */
const SHARED_CONSTANT_SIZE = 64

function dataTypeOf(data: ConstantData): DataType {
  if (data instanceof Float32Array) return 'float32'
  return data instanceof Float64Array ? 'float64' : 'int64'
}

/**
 * Grows a graph node by node: every node is checked against the whitelist's shape rules as it is added, and the tape
 * remembers which steps `autodiff.ts` can walk back.
 */
export class GraphBuilder {
  private readonly nodeList: GraphNode[] = []
  private readonly constants = new Map<string, Constant>()
  private readonly constantNames = new Map<string, Value>()
  private readonly inputs: Value[] = []
  private readonly outputs: Value[] = []
  /** Shapes as tensors by what they hold, and what they hold by their names. */
  private readonly shapeTensors = new Map<string, Value>()
  private readonly shapesHeld = new Map<string, Shape>()
  private readonly tracked = new Set<string>()
  private readonly tapeEntries: TapeEntry[] = []
  private scope = ''
  private count = 0

  /** The differentiable steps so far, in the order they were made. */
  get tape(): readonly TapeEntry[] {
    return this.tapeEntries
  }

  /**
   * A graph input without gradient.
   *
   * @throws {ShapeError} when the graph has an input of that name already
   */
  input(name: string, shape: Shape, dtype: DataType = 'float32'): Value {
    if (this.inputs.some((input) => input.name === name)) throw new ShapeError(`two graph inputs are named "${name}"`)
    const value = { name, shape, dtype }
    this.inputs.push(value)
    return value
  }

  /** A graph input whose gradient can be asked for. */
  parameter(name: string, shape: Shape): Value {
    this.tracked.add(name)
    return this.input(name, shape)
  }

  /**
   * A constant tensor; small equal constants are stored once. The element type follows the array's class.
   *
   * @throws {ShapeError} when the shape does not hold the data
   */
  constant(data: ConstantData, shape: readonly number[]): Value {
    const dtype = dataTypeOf(data)
    const size = shape.reduce((product, dim) => product * dim, 1)
    if (size !== data.length)
      throw new ShapeError(`a constant [${shape.join(', ')}] cannot hold ${data.length} elements`)
    const key = size <= SHARED_CONSTANT_SIZE ? `${dtype}[${shape.join()}]${data.join()}` : undefined
    const known = key === undefined ? undefined : this.constantNames.get(key)
    if (known) return known
    const name = `c${this.constants.size}`
    this.constants.set(name, { name, shape, dtype, data })
    const value = { name, shape, dtype }
    if (key !== undefined) this.constantNames.set(key, value)
    return value
  }

  /** A float32 constant of rank 0. */
  scalar(value: number): Value {
    return this.constant(Float32Array.of(value), [])
  }

  /** A list of int64 constants, [values.length]: axes, shapes, bounds. */
  integers(values: readonly number[]): Value {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length])
  }

  /**
   * A shape as a tensor, [rank] of int64: a constant if every size is known, else put together at run time.
   *
   * @throws {ShapeError} when a size is the name of no axis of a graph input
   */
  shapeTensor(shape: Shape): Value {
    if (shape.every((dim) => typeof dim === 'number')) return this.integers(shape)
    const known = this.shapeTensors.get(shape.join())
    if (known) return known
    const parts = shape.map((dim) => (typeof dim === 'number' ? this.integers([dim]) : this.readSize(dim)))
    const value = parts.length === 1 ? parts[0]! : this.node('Concat', parts, { axis: { int: 0 } })
    this.shapeTensors.set(shape.join(), value)
    this.shapesHeld.set(value.name, shape)
    return value
  }

  /**
   * Appends a node and returns all its outputs.
   *
   * @param inputs values read; `undefined` leaves an optional input out
   * @param as one shape per output: names the sizes that are known at run time only; known sizes must agree
   * @throws {ShapeError} when the operator's shape rule refuses the inputs or `as`
   */
  nodes(
    op: NodeOp,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    as?: readonly Shape[],
  ): readonly Value[] {
    const kind = nodeKinds[op]
    const types = kind.infer({
      op,
      inputs,
      attributes,
      constant: (value) => this.constantIntegers(value),
      shape: (value) => this.shapesHeld.get(value.name) ?? this.constantIntegers(value),
    })
    const name = `${this.scope}/${op}_${this.nodeList.length}`
    const outputs = types.map((type, index) => ({ ...declare(name, type, as?.[index]), name: `t${this.count++}` }))
    this.nodeList.push({
      op,
      domain: kind.domain,
      name,
      inputs: inputs.map((input) => input?.name ?? ''),
      outputs: outputs.map((output) => output.name),
      types: outputs.map(({ shape, dtype }) => ({ shape, dtype })),
      attributes,
    })
    return outputs
  }

  /**
   * Appends a node and returns its first output.
   *
   * @throws {ShapeError} see `nodes`
   */
  node(op: NodeOp, inputs: readonly (Value | undefined)[], attributes: Attributes = {}, as?: Shape): Value {
    const [first] = this.nodes(op, inputs, attributes, as && [as])
    if (!first) throw new ShapeError(`${op} has no output`)
    return first
  }

  /**
   * The same elements in another shape. At most one size may be the name of no axis of a graph input; it is inferred.
   *
   * @throws {ShapeError} when the sizes do not multiply to the same number, or two are unknown
   */
  reshape(value: Value, shape: Shape): Value {
    // Reshape reads 0 as "keep the size of this axis" and -1 as "whatever is left".
    const target = shape.map((dim, axis) => (typeof dim === 'number' ? dim : dim === value.shape[axis] ? 0 : -1))
    const unknown = (dims: Shape) => dims.filter((dim) => dim === -1).length
    if (unknown(target) <= 1) return this.node('Reshape', [value, this.integers(target)], {}, shape)
    const read = shape.map((dim) => (typeof dim === 'number' || this.findAxis(dim) ? dim : -1))
    if (unknown(read) > 1) {
      throw new ShapeError(`cannot reshape [${value.shape.join(', ')}] to [${shape.join(', ')}]: two unknown sizes`)
    }
    return this.node('Reshape', [value, this.shapeTensor(read)], {}, shape)
  }

  /** Makes a value an output of the graph under a name of its own. */
  output(name: string, value: Value): void {
    this.nodeList.push({
      op: 'Identity',
      domain: '',
      name: `output/${name}`,
      inputs: [value.name],
      outputs: [name],
      types: [{ shape: value.shape, dtype: value.dtype }],
      attributes: {},
    })
    this.outputs.push({ ...value, name })
  }

  /** Runs `build` with `name` in front of the names of its nodes. */
  scoped<Result>(name: string, build: () => Result): Result {
    const outer = this.scope
    this.scope = `${outer}/${name}`
    try {
      return build()
    } finally {
      this.scope = outer
    }
  }

  /** Puts a step on the tape, if a gradient can reach any of its inputs. */
  record(entry: TapeEntry): void {
    if (!entry.inputs.some((value) => value && this.isTracked(value))) return
    this.tracked.add(entry.output.name)
    this.tapeEntries.push(entry)
  }

  /** Whether the value depends differentiably on a parameter. */
  isTracked(value: Value): boolean {
    return this.tracked.has(value.name)
  }

  /** The graph built so far, as plain data. */
  graph(): Graph {
    return {
      nodes: [...this.nodeList],
      constants: [...this.constants.values()],
      inputs: [...this.inputs],
      outputs: [...this.outputs],
    }
  }

  /** An input of the graph that has an axis of this size. */
  private findAxis(dim: Dim): { readonly input: Value; readonly axis: number } | undefined {
    const input = this.inputs.find(({ shape }) => shape.includes(dim))
    return input && { input, axis: input.shape.indexOf(dim) }
  }

  private readSize(dim: string): Value {
    const found = this.findAxis(dim)
    if (!found) throw new ShapeError(`no graph input has an axis "${dim}" to read its size from`)
    const { input, axis } = found
    return this.node('Shape', [input], { start: { int: axis }, end: { int: axis + 1 } })
  }

  private constantIntegers(value: Value): readonly number[] {
    const constant = this.constants.get(value.name)
    if (!constant) throw new ShapeError(`"${value.name}" decides a shape, so it must be a constant`)
    return Array.from(constant.data, Number)
  }
}

function declare(name: string, inferred: TensorType, as: Shape | undefined): TensorType {
  if (!as) return inferred
  const disagrees = as.some(
    (dim, axis) => typeof dim === 'number' && typeof inferred.shape[axis] === 'number' && dim !== inferred.shape[axis],
  )
  if (as.length !== inferred.shape.length || disagrees) {
    throw new ShapeError(`${name}: declared [${as.join(', ')}], inferred [${inferred.shape.join(', ')}]`)
  }
  return { shape: as, dtype: inferred.dtype }
}
