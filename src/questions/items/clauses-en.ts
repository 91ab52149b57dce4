import type { ClinicalRelationName } from '../../graph/clinical.ts'
import type { EntityType } from '../../graph/types.ts'

/**
 * One direction of a relation in English. The clause follows its noun: "Which of the following {nouns} {clause}?";
 * `%` is the other end. `asks` are whole questions in exam style, for one given entity and options.
 */
export type EnglishClause = {
  readonly clause: string
  /** Singular and plural of what is asked, where the noun of its type would not do. */
  readonly noun?: readonly [string, string]
  readonly asks?: readonly string[]
  /** The clause where the other end is of a type that needs other words. */
  readonly given?: { readonly [Type in EntityType]?: string }
  /** Clause and noun where the answer is of a type that needs other words. */
  readonly answer?: { readonly [Type in EntityType]?: Pick<EnglishClause, 'clause' | 'noun' | 'open' | 'asks'> }
  /** An open question in better words than "Name a … that …". */
  readonly open?: string
}

type Directions = { readonly forward: EnglishClause; readonly backward: EnglishClause }

const riskFactor = ['risk factor', 'risk factors'] as const
const adverseEffect = ['adverse effect', 'adverse effects'] as const
const complication = ['complication', 'complications'] as const

/** Each relation of the clinical schema read from both of its ends; null where no question asks for it. */
export const englishClauses: { readonly [Name in ClinicalRelationName]: Directions | null } = {
  is_a: {
    forward: {
      noun: ['category', 'categories'],
      clause: '{includes|include} %',
      asks: ['Under which of the following categories does % fall?', 'How is % classified?'],
      open: 'Which broader category does % belong to?',
    },
    backward: { clause: '{is a kind|are kinds} of %', asks: ['Which of the following belongs to the category %?'] },
  },
  has_finding: {
    forward: {
      clause: '{is|are} seen in %',
      asks: [
        'A patient has %. Which of the following findings would be expected?',
        'Which of the following findings is consistent with %?',
      ],
    },
    backward: {
      clause: '{presents|present} with %',
      asks: [
        'A patient presents with %. Which of the following conditions could explain this?',
        'Which of the following conditions is known to present with %?',
      ],
    },
  },
  has_hallmark: {
    forward: { clause: '{is the hallmark|are hallmarks} of %', asks: ['What is the hallmark of %?'] },
    backward: {
      clause: '{has|have} the hallmark %',
      asks: ['A patient presents with %. Of which of the following diseases is this the hallmark?'],
    },
  },
  shows: {
    forward: { clause: '{is|are} typical of %', asks: ['Which of the following would testing typically show in %?'] },
    backward: {
      clause: 'typically {shows|show} % on testing',
      asks: ['Testing shows %. Which of the following diseases is this typical of?'],
    },
  },
  confirmed_by: {
    forward: {
      clause: '{confirms|confirm} the diagnosis of %',
      asks: ['% is suspected. Which of the following investigations would confirm the diagnosis?'],
    },
    backward: { clause: '{is|are} confirmed by %' },
  },
  first_line: {
    forward: {
      clause: '{is a first-line treatment|are first-line treatments} for %',
      asks: ['A patient is diagnosed with %. Which of the following is a first-line treatment?'],
    },
    backward: { clause: '{is|are} treated first-line with %' },
  },
  treated_by: {
    forward: {
      clause: '{is|are} used to treat %',
      asks: ['A patient is diagnosed with %. Which of the following is used to treat this condition?'],
    },
    backward: {
      clause: '{is|are} treated with %',
      asks: ['% is used to treat which of the following conditions?', 'For which of the following is % used?'],
    },
  },
  caused_by_organism: {
    forward: {
      clause: '{causes|cause} %',
      asks: ['A patient is diagnosed with %. Which of the following is the causative organism?'],
      open: 'Which organism causes %?',
    },
    backward: {
      clause: '{is|are} caused by %',
      asks: ['Which of the following diseases results from infection with %?'],
    },
  },
  caused_by_gene: {
    forward: {
      clause: '{causes|cause} % when mutated',
      asks: ['A mutation in which of the following genes causes %?'],
      open: 'A mutation in which gene causes %?',
    },
    backward: { clause: '{is|are} caused by mutations in %', asks: ['Mutations in % cause which of the following?'] },
  },
  caused_by_factor: {
    forward: { clause: 'can cause %' },
    backward: { clause: 'can be caused by %' },
  },
  affects: {
    forward: { clause: '{is|are} affected by %', asks: ['Which of the following sites does % chiefly involve?'] },
    backward: { clause: '{affects|affect} %' },
  },
  complicated_by: {
    forward: {
      noun: complication,
      clause: 'can arise from %',
      asks: [
        'Which of the following is a possible complication of %?',
        'A patient with % should be watched for which of the following complications?',
      ],
    },
    backward: { clause: 'can be complicated by %' },
  },
  arises_from: {
    forward: { clause: '{underlies|underlie} %', open: 'Which pathological process underlies %?' },
    backward: { clause: '{arises|arise} from %' },
  },
  mimicked_by: {
    forward: {
      clause: 'can be mistaken for %',
      asks: ['Which of the following belongs in the differential diagnosis of %?'],
    },
    backward: { clause: 'can be mimicked by %' },
  },
  inherited_as: {
    forward: {
      clause: '{applies|apply} to %',
      asks: ['How is % inherited?', 'What is the mode of inheritance of %?'],
      open: 'How is % inherited?',
    },
    backward: {
      clause: '{is|are} inherited by the mode "%"',
      asks: ['Which of the following diseases has the inheritance pattern "%"?'],
    },
  },
  in_class: {
    forward: {
      clause: '{includes|include} %',
      asks: ['To which of the following drug classes does % belong?'],
      open: 'To which drug class does % belong?',
    },
    backward: { clause: '{belongs|belong} to the drug class %' },
  },
  acts_by: {
    forward: {
      clause: '{explains|explain} the effect of %',
      asks: ['How does % work?', 'What is the mechanism of action of %?'],
      open: 'What is the mechanism of action of %?',
    },
    backward: { clause: '{acts|act} by %', asks: ['Which of the following drugs has the mechanism of action "%"?'] },
  },
  has_adverse_effect: {
    forward: {
      noun: adverseEffect,
      clause: 'can be caused by %',
      asks: [
        'A patient starts taking %. Which of the following is a known adverse effect?',
        'Which of the following is an adverse effect of %?',
      ],
    },
    backward: {
      clause: 'can cause % as an adverse effect',
      asks: [
        'A patient develops % as an adverse effect of treatment. Which of the following drugs could be responsible?',
      ],
    },
  },
  contraindicated_in: {
    forward: {
      noun: ['condition', 'conditions'],
      clause: '{is a contraindication|are contraindications} to %',
      asks: ['Which of the following should be excluded before prescribing %?'],
    },
    backward: {
      clause: '{is|are} contraindicated in %',
      asks: ['Which of the following drugs should be avoided in %?'],
    },
  },
  monitored_by: {
    forward: {
      clause: '{is|are} used to monitor treatment with %',
      asks: ['A patient takes %. Which of the following should be monitored?'],
    },
    backward: { clause: '{is|are} monitored with %' },
  },
  metabolised_by: {
    forward: { clause: '{metabolizes|metabolize} %' },
    backward: { clause: '{is|are} metabolized by %' },
  },
  reversed_by: {
    forward: { clause: '{reverses|reverse} the effect of %', asks: ['Which of the following is an antidote to %?'] },
    backward: { clause: '{is|are} reversed by %' },
  },
  managed_with: {
    forward: {
      clause: '{is|are} used to manage %',
      asks: ['A patient on treatment develops %. Which of the following is used to manage it?'],
    },
    backward: { noun: adverseEffect, clause: '{is|are} managed with %' },
  },
  inhibited_by: {
    forward: { clause: '{inhibits|inhibit} %' },
    backward: { clause: '{is|are} inhibited by %' },
  },
  induced_by: {
    forward: { clause: '{induces|induce} %' },
    backward: { clause: '{is|are} induced by %' },
  },
  spread_by: {
    forward: {
      clause: '{applies|apply} to %',
      asks: ['How is % spread?', 'By which of the following routes does % spread?'],
      open: 'How is % spread?',
    },
    backward: { clause: '{is|are} spread by %' },
  },
  organism_class: {
    forward: { clause: '{includes|include} %', asks: ['How is % classified?'], open: 'How is % classified?' },
    backward: { clause: '{is|are} classed as %' },
  },
  encodes: {
    forward: { clause: '{is|are} encoded by %', open: 'Which protein does % encode?' },
    backward: { clause: '{encodes|encode} %' },
  },
  serves: {
    forward: { clause: '{is a role|are roles} of %', open: 'What is the role of %?' },
    backward: { clause: '{has|have} the role "%"' },
  },
  examines: {
    forward: { clause: '{is|are} examined by %' },
    backward: { clause: '{examines|examine} %' },
  },
  part_of: {
    forward: { clause: '{includes|include} %' },
    backward: { clause: '{is|are} part of %' },
  },
  palliated_by: {
    forward: {
      clause: '{eases|ease} the symptoms of %',
      asks: ['Which of the following is given for symptom relief in %?'],
    },
    backward: {
      clause: '{is|are} treated symptomatically with %',
      asks: ['% is given for symptom relief in which of the following?'],
    },
  },
  not_treated_by: null,
  lacks_finding: null,
  diagnosed_by: {
    forward: {
      clause: '{is|are} used to diagnose %',
      asks: ['% is suspected. Which of the following investigations is used in its diagnosis?'],
    },
    backward: { clause: '{is|are} diagnosed with the help of %' },
  },
  measured_by: {
    forward: { clause: '{detects|detect} %', asks: ['Which of the following tests is used to look for %?'] },
    backward: { clause: '{is|are} detected by %' },
  },
  has_risk_factor: {
    forward: {
      noun: riskFactor,
      clause: '{predisposes|predispose} to %',
      asks: ['Which of the following increases the risk of %?'],
    },
    backward: {
      clause: '{has|have} % as a risk factor',
      asks: ['% increases the risk of which of the following?'],
    },
  },
  prevented_by: {
    forward: { clause: '{prevents|prevent} %' },
    backward: { clause: 'can be prevented by %' },
  },
  triggered_by: {
    forward: { noun: ['trigger', 'triggers'], clause: 'can bring on %' },
    backward: { clause: 'can be triggered by %' },
  },
  transmitted_by: {
    forward: {
      noun: ['vector or reservoir', 'vectors or reservoirs'],
      clause: '{transmits|transmit} %',
      asks: ['By which of the following is % transmitted?'],
      open: 'By what is % transmitted?',
      answer: {
        route: {
          clause: '{applies|apply} to %',
          asks: ['How is % transmitted?', 'Which of the following is a mode of transmission of %?'],
          open: 'How is % transmitted?',
        },
      },
    },
    backward: { clause: '{is|are} transmitted by %', given: { route: '{spreads|spread} by %' } },
  },
  derives_from: {
    forward: {
      noun: ['tissue or cell type', 'tissues or cell types'],
      clause: '{gives|give} rise to %',
      asks: ['From which of the following does % arise?'],
    },
    backward: { clause: '{derives|derive} from %' },
  },
  associated_gene: {
    forward: {
      clause: '{is|are} associated with %',
      asks: ['Variants of which of the following genes are associated with %?'],
      open: 'Variants of which gene are associated with %?',
    },
    backward: { clause: '{is|are} associated with variants of %' },
  },
  co_occurs_with: null,
  interacts_with: {
    forward: {
      clause: '{interacts|interact} with %',
      asks: ['A patient takes %. Which of the following could interact with it?'],
    },
    backward: { clause: '{interacts|interact} with %' },
  },
  targets: {
    forward: {
      clause: '{is a target|are targets} of %',
      asks: ['On which of the following does % act?'],
      open: 'On which target does % act?',
    },
    backward: { clause: '{acts|act} on %' },
  },
}

/** What an entity of each type is called, one and several. */
export const englishNouns: { readonly [Type in EntityType]: readonly [string, string] } = {
  disease: ['disease', 'diseases'],
  group: ['group of diseases', 'groups of diseases'],
  finding: ['finding', 'findings'],
  result: ['test result', 'test results'],
  test: ['investigation', 'investigations'],
  drug: ['drug', 'drugs'],
  'drug-class': ['drug class', 'drug classes'],
  mechanism: ['mechanism of action', 'mechanisms of action'],
  process: ['pathological process', 'pathological processes'],
  organism: ['organism', 'organisms'],
  'organism-class': ['class of organisms', 'classes of organisms'],
  gene: ['gene', 'genes'],
  protein: ['protein', 'proteins'],
  role: ['biological role', 'biological roles'],
  factor: ['factor', 'factors'],
  anatomy: ['anatomical site', 'anatomical sites'],
  system: ['organ system', 'organ systems'],
  complication: complication,
  effect: adverseEffect,
  condition: ['condition', 'conditions'],
  enzyme: ['enzyme', 'enzymes'],
  route: ['route of transmission', 'routes of transmission'],
  specimen: ['specimen', 'specimens'],
  inheritance: ['mode of inheritance', 'modes of inheritance'],
  procedure: ['procedure', 'procedures'],
  exposure: ['exposure', 'exposures'],
}
