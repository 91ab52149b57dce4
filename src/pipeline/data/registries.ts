/** The registries of the data run, for the command line, which knows the pipeline alone. */
export { knowledgeSources } from '../../graph/registry.ts'
export { questionSources } from '../../questions/registry.ts'
