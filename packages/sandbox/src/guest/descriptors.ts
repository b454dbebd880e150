import { ERRNO } from "./errno.ts";
import type { OpenFile } from "./open-file.ts";

/** Open descriptors at a time: enough for any program, few enough that what they hold stays small. */
const DESCRIPTORS_MAX = 256;

/** The table of one attempt's descriptors. A new one gets the lowest free number. */
export class Descriptors<File extends OpenFile = OpenFile> {
  readonly #max: number;
  readonly #files: (File | undefined)[] = [];

  constructor(max: number = DESCRIPTORS_MAX) {
    this.#max = max;
  }

  /** Any integer is asked for safely. */
  get(descriptor: number): File | undefined {
    return this.#files[descriptor];
  }

  /** Whether another one can be opened: ask before making what it is for. */
  get full(): boolean {
    return this.#lowestFree(0) === undefined;
  }

  /** @returns the lowest free descriptor that is at least `from`, or a negative errno, and then `file` is not held */
  add(file: File, from = 0): number {
    if (from < 0 || from >= this.#max) return -ERRNO.EINVAL;
    const descriptor = this.#lowestFree(from);
    if (descriptor === undefined) return -ERRNO.EMFILE;
    this.#put(descriptor, file);
    return descriptor;
  }

  duplicate(descriptor: number, from = 0): number {
    const file = this.get(descriptor);
    return file ? this.add(file, from) : -ERRNO.EBADF;
  }

  /** Closes what `to` was, if it was anything. */
  duplicateTo(descriptor: number, to: number): number {
    const file = this.get(descriptor);
    if (!file || to < 0 || to >= this.#max) return -ERRNO.EBADF;
    if (to === descriptor) return to;
    this.close(to);
    this.#put(to, file);
    return to;
  }

  close(descriptor: number): number {
    const file = this.get(descriptor);
    if (!file) return -ERRNO.EBADF;
    this.#files[descriptor] = undefined;
    if (--file.references === 0) file.close();
    return 0;
  }

  #put(descriptor: number, file: File): void {
    while (this.#files.length <= descriptor) this.#files.push(undefined);
    this.#files[descriptor] = file;
    file.references++;
  }

  #lowestFree(from: number): number | undefined {
    for (let descriptor = from; descriptor < this.#max; descriptor++) if (!this.#files[descriptor]) return descriptor;
    return undefined;
  }
}
