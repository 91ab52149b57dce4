import { before, type PhiRule, patternRule } from './rule-kit.ts'

const states =
  'AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC'
const stateNames =
  'Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming'
const streets =
  'Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Drive|Dr|Lane|Ln|Court|Ct|Place|Pl|Terrace|Way|Highway|Hwy|Parkway|Pkwy|Circle|Cir|Square|Sq|Trail|Crescent'
const word = "[A-Z][A-Za-z'-]{1,20}"

const street = patternRule(
  'street',
  'location',
  new RegExp(
    `\\b\\d{1,5} (?:(?:North|South|East|West|[NSEW])\\.? )?(?:${word}|\\d{1,3}(?:st|nd|rd|th))(?: ${word}){0,2} (?:${streets})\\b\\.?(?:,? (?:Apt|Apartment|Suite|Ste|Unit|#)\\.? ?[A-Z0-9-]{1,6})?`,
    'g',
  ),
)

const poBox = patternRule('po-box', 'location', /\bP\.? ?O\.? Box \d{1,6}\b/gi)

const cityState = patternRule(
  'city-state',
  'location',
  new RegExp(`\\b(?<span>${word}(?: ${word}){0,2}, (?:${states}|${stateNames}))\\b`, 'g'),
  (match, text) => !/\bdr\.?\s$/.test(before(text, match.index)),
)

const cityCue = patternRule(
  'city-cue',
  'location',
  new RegExp(
    `\\b(?:lives in|living in|resides in|resident of|born in|moved (?:here )?from|moved to|hometown(?: is|:)?|city:|from the town of|address:) (?<span>${word}(?: ${word}){0,2})`,
    'g',
  ),
  ([, found]) => !countries.has(found!.toLowerCase()) && !notCity.test(found!),
)

/** States and countries may stand; so may institutions that are no place to live. */
const countries = new Set(
  `united states|usa|america|canada|mexico|brazil|china|india|japan|germany|france|italy|spain|england|united kingdom|ireland|scotland|wales|australia|new zealand|south africa|nigeria|kenya|ethiopia|egypt|turkey|iran|iraq|pakistan|bangladesh|vietnam|thailand|philippines|indonesia|korea|south korea|north korea|russia|ukraine|poland|sweden|norway|denmark|finland|peru|colombia|argentina|chile|guatemala|honduras|haiti|cuba|puerto rico|africa|asia|europe|south america|central america|southeast asia|west africa|sub-saharan africa|${stateNames.toLowerCase()}`.split(
    '|',
  ),
)
const notCity =
  /^(?:A|An|The|His|Her|Their|Nursing|Assisted|Long|January|February|March|April|May|June|July|August|September|October|November|December)\b/

const zip = patternRule(
  'zip',
  'zip',
  new RegExp(
    `(?:\\b(?:${states}|${stateNames}),? |\\b[Zz][Ii][Pp](?: ?[Cc]ode)?[: #]{1,3})(?<span>\\d{5}(?:-\\d{4})?)(?!\\d)`,
    'g',
  ),
)

const facility = patternRule(
  'facility',
  'location',
  new RegExp(
    `\\b(?:(?:St\\.?|Saint|Mount|Mt\\.?) )?${word}(?: ${word}){0,3} (?:Hospital|Medical Center|Clinic|Health Center|Nursing Home|Rehabilitation Center|Infirmary|Hospice|Elementary School|High School|Middle School)\\b`,
    'g',
  ),
  ([found]) => !generic.test(found),
)

/** "Children's Hospital" and "Emergency Clinic" are kinds, not names. */
const generic =
  /^(?:The |A |An |Local |Community |General |Regional |County |University |Teaching |Psychiatric |Rural |Urban |Emergency |Outpatient |Primary Care |Family |Free |Walk-?in |Urgent Care |Diabetes |Memory |Pain |Eye |Dental |Public |Private |Military |Veterans |Nearby |Tertiary |Sleep |Travel |Fertility |Prenatal |Pediatric |Cardiology |Dermatology |Oncology |In |At |This |Any |Each |Our |His |Her |Which )*(?:Hospital|Medical Center|Clinic|Health Center|Nursing Home|Rehabilitation Center|Infirmary|Hospice|Elementary School|High School|Middle School)$/

/** Places smaller than a state. */
export const placeRules: readonly PhiRule[] = [street, poBox, cityState, cityCue, zip, facility]
