/** A JSON value. Objects that were parsed from a guest's text have own properties only. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
