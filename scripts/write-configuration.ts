// Writes the configuration pages from the schemas: npx tsx scripts/write-configuration.ts
import { putAtomic } from '../src/core/store.ts'
import { renderConfigurationPage, renderDataConfigurationPage } from './configuration-page.ts'

putAtomic('docs/configuration.md', renderConfigurationPage())
putAtomic('docs/data-configuration.md', renderDataConfigurationPage())
