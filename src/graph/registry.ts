import { defineRegistry, type Registry } from '../core/registry.ts'
import { exploredPages } from './agent/records.ts'
import { columns } from './sources/columns.ts'
import { ddxplus } from './sources/ddxplus.ts'
import { diseaseOntologyAxioms } from './sources/disease-axioms.ts'
import { diseaseOntologySymptoms, diseaseOntologyTerms, diseaseOntologyXrefs } from './sources/disease-ontology.ts'
import { hetionetEdges, hetionetNodes } from './sources/hetionet.ts'
import { hpoAnnotations } from './sources/hpo-annotations.ts'
import { loinc2hpo } from './sources/loinc2hpo.ts'
import { doSlimMesh, medlineCooccurrence, meshSymptoms } from './sources/medline.ts'
import { medquad } from './sources/medquad.ts'
import { obo } from './sources/obo.ts'
import { openfda } from './sources/openfda.ts'
import { pharmacotherapydb } from './sources/pharmacotherapydb.ts'
import { primekg } from './sources/primekg.ts'
import { rdf } from './sources/rdf.ts'
import { starterTables } from './sources/starter-tables.ts'
import { umls } from './sources/umls.ts'
import { wikidata } from './sources/wikidata.ts'
import type { KnowledgeSource } from './types.ts'

/** Every knowledge source that a configuration or `fleming graph read` may name. */
export const knowledgeSources: Registry<KnowledgeSource> = defineRegistry('knowledge source', [
  obo,
  rdf,
  wikidata,
  columns,
  primekg,
  hetionetNodes,
  hetionetEdges,
  pharmacotherapydb,
  diseaseOntologyTerms,
  diseaseOntologyAxioms,
  diseaseOntologySymptoms,
  diseaseOntologyXrefs,
  medlineCooccurrence,
  doSlimMesh,
  meshSymptoms,
  loinc2hpo,
  hpoAnnotations,
  umls,
  ddxplus,
  openfda,
  medquad,
  exploredPages,
  starterTables,
])
