/** Check digits of identifiers: what tells a number that was issued from one that only looks so. */

/** True when the digits fit the Luhn check, as payment cards and NPIs do. */
export function fitsLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48
    const doubled = index % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return digits.length > 1 && sum % 10 === 0
}

/** True for a National Provider Identifier: ten digits that fit Luhn behind the prefix 80840. */
export const isNpi = (digits: string): boolean => /^[12]\d{9}$/.test(digits) && fitsLuhn(`80840${digits}`)

/** True for a DEA registration number: two letters and seven digits, the last of them a check digit. */
export function isDea(text: string): boolean {
  if (!/^[ABCDEFGHJKLMNPRSTUX][A-Z9]\d{7}$/.test(text)) return false
  const digit = (index: number): number => text.charCodeAt(2 + index) - 48
  const sum = digit(0) + digit(2) + digit(4) + 2 * (digit(1) + digit(3) + digit(5))
  return sum % 10 === digit(6)
}

const vinValues = 'ABCDEFGH'
const vinWeights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]

/** True for a vehicle identification number: 17 signs without I, O and Q, the ninth a check digit. */
export function isVin(text: string): boolean {
  if (!/^[A-HJ-NPR-Z0-9]{17}$/.test(text)) return false
  let sum = 0
  for (let index = 0; index < 17; index++) sum += vinValue(text[index]!) * vinWeights[index]!
  const rest = sum % 11
  return text[8] === (rest === 10 ? 'X' : String(rest))
}

function vinValue(sign: string): number {
  if (sign >= '0' && sign <= '9') return Number(sign)
  if (sign <= 'H') return vinValues.indexOf(sign) + 1
  if (sign <= 'R') return sign.charCodeAt(0) - 'J'.charCodeAt(0) + 1
  return sign.charCodeAt(0) - 'S'.charCodeAt(0) + 2
}

/** True for a GTIN-14, as device labels carry it: the last digit checks the others. */
export function isGtin14(digits: string): boolean {
  if (!/^\d{14}$/.test(digits)) return false
  let sum = 0
  for (let index = 0; index < 13; index++) sum += (digits.charCodeAt(index) - 48) * (index % 2 === 0 ? 3 : 1)
  return (10 - (sum % 10)) % 10 === digits.charCodeAt(13) - 48
}

/** True for a social security number that may have been issued: no area 000, 666 or 9xx, no group 00, no serial 0000. */
export function isSsn(area: string, group: string, serial: string): boolean {
  return area !== '000' && area !== '666' && area[0] !== '9' && group !== '00' && serial !== '0000'
}
