/** Compiled modules that a cell keeps, those that were used last. The parent counts along and sends the bytes of those that are not kept. */
export const MODULES_KEPT = 16;
