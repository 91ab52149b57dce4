declare const brand: unique symbol

/** A string or number that only its own maker can produce, so that ids of different kinds cannot be swapped. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }
