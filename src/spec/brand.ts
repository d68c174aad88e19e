declare const brand: unique symbol;

/** A string that only one parser may make, told apart from other strings by the compiler alone. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
