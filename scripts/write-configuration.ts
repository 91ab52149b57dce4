// Writes docs/configuration.md from the schema: npx tsx scripts/write-configuration.ts
import { putAtomic } from '../src/core/store.ts'
import { renderConfigurationPage } from './configuration-page.ts'

putAtomic('docs/configuration.md', renderConfigurationPage())
