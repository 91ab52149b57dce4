import { clock } from '../../src/core/clock.ts'
import { createRng } from '../../src/core/rng.ts'
import { GraphBuilder } from '../../src/engine/local/onnx/builder.ts'
import type { Graph } from '../../src/engine/local/onnx/graph.ts'
import { createSessionPool, type Feeds } from '../../src/engine/local/session.ts'
import { type ProductName, type ProductSize, products } from './flops.ts'

/** Products of each size in one turn, chosen by us: 0.1 s together, so that a turn costs little beside a training step. */
const RUNS_PER_TURN = 3

/** The plain matrix products that everything else is compared with. */
export type Yardstick = {
  /** Makes every product a few times. @returns the time of each run, milliseconds */
  turn(): Promise<{ readonly [Name in ProductName]: number[] }>
  close(): Promise<void>
}

/**
 * One `Gemm`, of which a single element leaves the graph: the binding copies outputs, and copying all 32 MB would take
 * longer than the product.
 */
export function buildProductGraph([rows, inner, columns]: ProductSize): Graph {
  const graph = new GraphBuilder()
  const product = graph.node('Gemm', [graph.input('left', [rows, inner]), graph.input('right', [inner, columns])])
  const bounds = [
    [0, 0],
    [1, 1],
    [0, 1],
  ].map((values) => graph.integers(values))
  graph.output('corner', graph.node('Slice', [product, ...bounds]))
  return graph.graph()
}

function operands([rows, inner, columns]: ProductSize): Feeds {
  const rng = createRng(1, 'bench', 'product')
  const draw = (height: number, width: number) => ({
    dtype: 'float32' as const,
    shape: [height, width],
    data: Float32Array.from({ length: height * width }, () => rng.normal()),
  })
  return { left: draw(rows, inner), right: draw(inner, columns) }
}

/** A yardstick in sessions of its own, which keep their memory: the product alone is timed, not the allocator. */
export function createYardstick(threads: number): Yardstick {
  const pool = createSessionPool({ threads })
  const feeds = { tall: operands(products.tall), square: operands(products.square) }
  async function time(name: ProductName): Promise<number[]> {
    const times: number[] = []
    for (let run = 0; run < RUNS_PER_TURN; run++) {
      const start = clock.monotonicMs()
      await pool.run(name, () => buildProductGraph(products[name]), feeds[name], ['corner'])
      times.push(clock.monotonicMs() - start)
    }
    return times
  }
  return {
    turn: async () => ({ tall: await time('tall'), square: await time('square') }),
    close: () => pool.close(),
  }
}
