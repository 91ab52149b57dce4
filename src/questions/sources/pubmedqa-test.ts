import { sha256Hex } from '../../core/hash.ts'

/** Hex digits of a hash that are kept: of 211,269 artificial rows one in 40 files would be taken for a test row by chance. */
const DIGITS = 8

/**
 * First digits of the SHA-256 of each of the 500 ids of the official test of PubMedQA, joined, ascending. Made from the keys
 * of `test_ground_truth.json` (github.com/pubmedqa/pubmedqa, 1cbae8e): the ids are not here, only the means to know one.
 */
const digests = [
  '000a527c000e2232009399f300b76292014f934d0262bf0802a2141402dc8aae037edf1d040cc67d049590c4051ebdcb0536226705493f28',
  '05577cb3058c95b405f0650505ff5a51066d1c5806a5569307588952086a6f8308e365740969ca1309c01cd20bd917960cef4a2b0d4a8c90',
  '0de7c74d0e08e8680e9c09db0f0672d40fb08c0610055ac2108497da111891f41221c24c122c433b12bfd81612c9185a139e7e9213b2781e',
  '13d3c63a1469e6641481460714a72ad314b168601531450715e2a1d21640ec8f16fe12c51913d46d1948f0ef19e697b719e6a2261a737140',
  '1aa769d51b37577e1b4781251b5cf2c91bc962451c3bcb251c86b3331d51602c1d732ffd1d7ff2461e8a17e11edb19f71f26c0381fcb422e',
  '1fd36b631fd3e5671ffaf8d820f184862110b8f12132f82f213c5b892150e0992150e7b622560cc622f6efb823e6d9252536a43f25415361',
  '2578daa025ab950726d625c42715cf0d2754d23c277145182793617927a40a85282b5162283388ff29c792c729dbe08a29ee23322b18d94c',
  '2bdd7a872ce37ac02d11e1eb2d31e11b2d9b44db2dc297e62e9101122f25dd56307a3db931a9fbef31ae8c6c31e138d93209b61832785266',
  '331dfde733ce83af33dedb413433cb5b34b80272351b87293606d07736b3598436de209836fe66b7374d66183764c1d3377f47093902ca29',
  '39fd69de3c79e75c3d56402a3e2f7b463fb145da3fe92c8440a78230422b4588440b59bb45d6004446322fe64651598946b26b5c47bc1eee',
  '47e15917481fe41948df2a0048ebf99648f05758491bc5f849f04d704a64148a4bbf3be64bd572a14beef6ba4c3c9ce24f67dfc14fa28b8d',
  '51632dac517c4908527bd9f652c56cf252efcd1f53eeed7854b6e759553bb577568ae93656a7719856f38323589bc14858f1548d596d6186',
  '59b81f305b933add5bb0e7fc5dd7776d5de05f4a5dfdd4945e7edeaf5eb154605ecf20725ef5630f5fbe09fa607acf9b61867e7f61a5984c',
  '61e484d9623452046247b1d9627f437e62aa98a962d78874637562e16471c30e652be2ca652edc59655dec33669ea7a266a91eb066e8e869',
  '67bf2de76812d92868a689d86968ea996a3e08aa6ae259016b6501376c9423fd6cc56ea86cd251ef6d655c7f6d6a98836d9e850f6dd7b0e2',
  '6f53c24d6fe2003370c8346970d1a1f7720a53dd725414fa72bc8c9072d1e41872f4db9e732ab1377364fd4b73ab19d773f9eea074707ddb',
  '74a62eef74cc514e74d9962f766241347778f8e0781349e07853f14578841555798ef3ce7b1a84557b30a2bb7bc2d5287c62e97f7cf94d1f',
  '7d4644297dd8359b7e006aed7e1710ef7edcc79e7f4936387fab514c803aee1b847c7f4b8506f9b98637afa88641da2386b995548755aff0',
  '87cd27108844a829884c7d9088f570518928238a898715708a68497d8a8ea0de8b537e8b8b6ee9138c9580e38cf227a58d19ec398f07dc05',
  '8fa63cf99020f609905f43a9925928829292344a92a21e1792b1e4da92d8fdbc92dd7c86932b9045934806a0940ad31294de1116958879b8',
  '95efa9a09664c77c969ac57796edb0dd9790ee6697a347659800350f989d19789966108399f50cfe9a0111869a1a4db89a2f009f9a3407a6',
  '9a59ccd39a5f88b09aba21799c0ad2669c3597369c5f33369cbc33a79cbdf1e79d260f0d9d4b034d9eb7a3719ecd77439edc9cc59fedc1cb',
  'a074f102a0ff6389a2113740a241f98da29dcbb5a2c759c9a2f7ae7ba374cafaa392b34ba43537f3a46268afa4b168c6a72d2086a7a0a0d8',
  'a838e449a83ff02aa8705645a8d1deefa907b0f3a9afd756aa7be4f7aa85a890aacc5649ab767a7cac4189e1acdd29d8ad1a0b87ad53261a',
  'ad7588e2ae3e1872ae43e924aea341b0aea3e6c4af8af3feb064e4b0b1075b6cb197c1c3b1a3732cb213056db2c3f9c8b305617fb37ead00',
  'b3871d27b47100b8b4a2fcffb52e0f5eb57fef39b5dec767b5f25de2b60fbcd7b6890d4bb6ae8c07b8a7391cb8ae8e64b957b638ba6763fc',
  'bb13d09ebbc47be1bbe850a7bc0f0aecbc91fadcbcb27377bd11ce80bd16e0bfbd7b70fcbd7c41bdbe411ec0bfbbaf65c0179078c0875ed2',
  'c09c55e0c11a8dbac15ae2a4c175fea1c1a39715c1bb50cbc1cc3c4bc21479eec22dda61c2c50770c2d2754ac37dae0ac487414fc4f9206f',
  'c58a53fdc5ed1bfac5f940d3c60bbb4ac69380d6c69feb79c72172dec7c1e26cc83d7ec5c864fe93ca31fd18cac568a6cb52d408ce46a498',
  'ceb56c9fcf0a3ce8cfd42363d00d0be4d03438edd207b6b4d2a149abd3366601d34de3e8d38051dfd38c28fed3b7f66fd437ea5fd44128fe',
  'd527b3d0d5acf58dd5c03777d62330c3d630aed2d633ff48d69a6310d6aa59f5d6e1741cd7917560d87db34dd97d1d6bd9b1792ed9dc58bc',
  'dbb45f1cdc89fcd1ddf42369de01aa4bdf02921adf790351dfa000c8dfcc0a79e023f733e02a17fde0718938e1f91606e325bfb0e3328302',
  'e3956333e4226e39e42bc0ffe4a2c0dfe4b8abe3e4d06d1be5798421e5a618dfe5bec5b5e612d363e614be78e7dfcd41e81938e5e94a6057',
  'e955020ce9df2457ea8f8489eaa8feceeb6acbe9ed4624ceede18e55ee0bebf4ee53c034eee2c71eeef22349efc4e138f035d332f133ae80',
  'f2569785f2f8c1fdf3ffa97ff433a7ccf486021ef50d4f1ff5ea98d9f69ef14cf6b0e33ef704df48f73c7b89f915f11ff9624e50fa0ad8e4',
  'fa569699fa89d790fa9a74c3faf6b8a3fb028051fcb48fccfcdde089fec731ffff98ea16ffcf3885',
].join('')

const officialTest: ReadonlySet<string> = new Set(
  Array.from({ length: digests.length / DIGITS }, (_, index) => digests.slice(index * DIGITS, (index + 1) * DIGITS)),
)

/** Rows of the official test of PubMedQA. */
export const OFFICIAL_TEST_ROWS = officialTest.size

/** Whether a PubMed id is one of the official test of PubMedQA, whatever the file calls its split. */
export function isOfficialTestId(id: string): boolean {
  return officialTest.has(sha256Hex(id).slice(0, DIGITS))
}

const ID = /^(?:pmid:? ?)?0{0,12}([1-9]\d{0,11})(?:\.0)?$/i
/** An id in notes that are written as Python or JSON writes them. */
const ID_IN_NOTES = /(?:pubid|pmid)['"]?\s{0,4}[:=]\s{0,4}['"]?0{0,12}([1-9]\d{0,11})(?!\d)/gi
const ID_NAMES: readonly string[] = ['pubid', 'pmid']

/** The PubMed id that a cell holds: a whole number, or text of one, as tables write it (`21645374.0`); null for all else. */
export function pubmedIdOf(value: unknown): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? String(value) : null
  return typeof value === 'string' ? (ID.exec(value.trim())?.[1] ?? null) : null
}

/**
 * How a row of a set that was made from others stands to the official test of PubMedQA, by the id that its notes repeat.
 *
 * @param source the set that the row was made from, as the row names it
 * @param notes text of Python or JSON, or an object
 * @returns `unknown` for a row of its labelled part without an id that can be read
 */
export function standingOf(source: string | null, notes: unknown): 'official test' | 'other' | 'unknown' {
  const ids = idsIn(notes)
  if (ids.some(isOfficialTestId)) return 'official test'
  const name = (source ?? '').toLowerCase().replace(/[^a-z]/g, '')
  const isLabelled = name.includes('pubmedqa') && !/pqa_?[au]/i.test(source ?? '')
  return ids.length === 0 && isLabelled ? 'unknown' : 'other'
}

function idsIn(notes: unknown): readonly string[] {
  if (typeof notes === 'string') return [...notes.matchAll(ID_IN_NOTES)].map(([, id = '']) => id)
  if (typeof notes !== 'object' || notes === null) return []
  return Object.entries(notes).flatMap(([name, value]) => {
    if (!ID_NAMES.includes(name.toLowerCase())) return idsIn(value)
    const id = pubmedIdOf(value)
    return id === null ? [] : [id]
  })
}
