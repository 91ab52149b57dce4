import type { Context, Hono } from 'hono'
import { clock } from '../../../core/clock.ts'
import { API, ttlRequest } from '../wire/requests.ts'
import { checkpointOf } from './addresses.ts'
import { tarBlocks } from './archive.ts'
import type { Checkpoint } from './catalog.ts'
import type { ServerContext } from './context.ts'
import { RequestError } from './errors.ts'
import { countInQuery, emptyReply, jsonReply, readJson } from './http.ts'
import { type RunRecord, tinkerPath } from './records.ts'

const RUNS = `${API}/training_runs`
const CHECKPOINT = `${RUNS}/:run/checkpoints/:kind/:name`
/** The path of the signed downloads, which need no key. */
export const DOWNLOAD = `${CHECKPOINT}/archive/download`

/** Runs and their checkpoints: lists, removal, expiry, archives. */
export function addRunRoutes(app: Hono, context: ServerContext): void {
  const { catalog, limits, snapshots, links } = context
  app.get(RUNS, (c) => {
    const { page, cursor } = pageOf(c, [...catalog.runs()].reverse())
    return jsonReply({ training_runs: page.map((run) => runBody(context, run)), cursor })
  })
  app.get(`${RUNS}/:run`, (c) => {
    const run = catalog.findRun(c.req.param('run'))
    if (run === undefined) throw new RequestError(404, 'no training run has this id')
    return jsonReply(runBody(context, run))
  })
  app.get(`${RUNS}/:run/checkpoints`, (c) => {
    if (catalog.findRun(c.req.param('run')) === undefined) throw new RequestError(404, 'no training run has this id')
    return jsonReply({ checkpoints: catalog.checkpoints(c.req.param('run')).map(checkpointBody) })
  })
  app.get(`${API}/checkpoints`, (c) => {
    const { page, cursor } = pageOf(c, [...catalog.checkpoints()].reverse())
    return jsonReply({ checkpoints: page.map(checkpointBody), cursor })
  })
  app.delete(CHECKPOINT, async (c) => {
    const checkpoint = named(c, context)
    catalog.remove(checkpoint)
    await snapshots.drop(checkpoint.dir)
    return emptyReply()
  })
  app.put(`${CHECKPOINT}/ttl`, async (c) => {
    const checkpoint = named(c, context)
    const { value } = await readJson(c.req.raw, ttlRequest, 'ttl', limits)
    catalog.setTtl(checkpoint, value.ttl_seconds)
    return emptyReply()
  })
  app.get(`${CHECKPOINT}/archive`, (c) => {
    const checkpoint = named(c, context)
    const path = downloadPath(checkpoint.runId, checkpoint.kind, checkpoint.name)
    const { expiresMs, signature } = links.sign(path, clock.now().getTime())
    const url = new URL(path, c.req.url)
    url.search = new URLSearchParams({ expires: String(expiresMs), signature }).toString()
    const headers = { location: url.href, expires: new Date(expiresMs).toUTCString() }
    return new Response(null, { status: 302, headers })
  })
  app.get(DOWNLOAD, (c) => {
    // First of all, so that without a link nobody learns what there is.
    const { run, kind, name } = c.req.param()
    const expiresMs = Number(c.req.query('expires'))
    links.check(downloadPath(run, kind, name), expiresMs, c.req.query('signature') ?? '', clock.now().getTime())
    const checkpoint = named(c, context)
    const body = ReadableStream.from(tarBlocks(checkpoint.dir)) as ReadableStream<Uint8Array>
    return new Response(body, { headers: { 'content-type': 'application/x-tar' } })
  })
}

/** Where a checkpoint is downloaded, as it is signed. */
function downloadPath(run: string, kind: string, name: string): string {
  return DOWNLOAD.replace(/:(run|kind|name)/g, (_, part: 'run' | 'kind' | 'name') => ({ run, kind, name })[part])
}

function named(c: Context, context: ServerContext): Checkpoint {
  const { run = '', kind = '', name = '' } = c.req.param() as Readonly<Record<string, string>>
  return checkpointOf(context, run, kind, name)
}

function pageOf<Item>(c: Context, items: readonly Item[]) {
  const offset = countInQuery(c.req.query('offset'), 0, Number.MAX_SAFE_INTEGER)
  const limit = countInQuery(c.req.query('limit'), 100, 1000)
  return { page: items.slice(offset, offset + limit), cursor: { offset, limit, total_count: items.length } }
}

function runBody({ catalog, ledger, models }: ServerContext, record: RunRecord): Readonly<Record<string, unknown>> {
  const run = ledger.current(record)
  const checkpoints = catalog.checkpoints(run.runId)
  const last = (kind: Checkpoint['kind']) => {
    const found = checkpoints.findLast((checkpoint) => checkpoint.kind === kind)
    return found === undefined ? null : checkpointBody(found)
  }
  return {
    training_run_id: run.runId,
    base_model: run.baseModel,
    model_owner: 'local',
    is_lora: run.lora !== null,
    lora_rank: run.lora?.rank ?? null,
    corrupted: run.corrupted,
    created_time: run.createdAt,
    last_request_time: run.lastRequestAt,
    last_checkpoint: last('weights'),
    last_sampler_checkpoint: last('sampler_weights'),
    user_metadata: run.userMetadata,
    // Ours: whether the model is in memory, and its tokens over all servers it lived in.
    is_loaded: models.isLoaded(run.runId),
    usage: run.usage,
  }
}

function checkpointBody(checkpoint: Checkpoint): Readonly<Record<string, unknown>> {
  const { kind, name, record, runId } = checkpoint
  return {
    checkpoint_id: `${kind}/${name}`,
    checkpoint_type: kind === 'weights' ? 'training' : 'sampler',
    time: record.createdAt,
    tinker_path: tinkerPath(runId, checkpoint),
    size_bytes: record.sizeBytes,
    public: false,
    expires_at: record.expiresAt,
    user_metadata: record.userMetadata,
  }
}
