/** A text that only this run has: taken for another's it is noticed. */
export function wordOf(n: number): string {
  let state = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  let word = "";
  for (let i = 0; i < 12; i++) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + n) >>> 0;
    word += String.fromCharCode(97 + ((state >>> 8) % 26));
  }
  return word;
}
