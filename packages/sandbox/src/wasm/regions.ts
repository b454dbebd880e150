import { MalformedModule, Reader } from "./binary.ts";
import { UnsupportedFeature } from "./code.ts";
import { OPCODE, slot } from "./opcodes.ts";
import { IMPORT_WEIGHT, SIZED_WORK, STACK_EFFECT, WEIGHT } from "./weights.ts";

/**
 * Where a function body is charged, and how much: found by one walk over its instructions.
 *
 * A region is a set of instructions of which all are executed when the first one is (unless a trap or an exception ends it): what
 * stands behind a block that nothing leaves for elsewhere belongs to the region in front of it. Each region is charged once, where it
 * starts, so that what is charged is what is executed, with few charges.
 */
export interface Region {
  charge: number;
}

const newRegion = (): Region => ({ charge: 0 });

/** What has to be added to a body, in the order of its bytes. */
export interface Point {
  /** Offset of the byte before which it is added. */
  readonly at: number;
  readonly kind: PointKind;
  /** Of `charge`, `chargeStale`, `chargeLoop`. */
  readonly region?: Region;
  /** Of `chargeLoop`: whether exceptions land there, too, is known when the loop has ended. */
  readonly frame?: Pick<Frame, "caught">;
  /** Of `return`: how many blocks the instruction stands in. Of `sized`: the opcode. */
  readonly number?: number;
}

/**
 * - `charge`: subtract a region's charge. `chargeStale`: likewise, from what the global has.
 * - `chargeLoop`: subtract, put what is left into the global as well, and end the guest if that is nothing.
 * - `save`: put the local's value into the global, for whoever is called. `load`: the other way, after calls.
 * - `land`: an exception was caught here. `merge`: here, or else the normal way was taken.
 * - `leave`: as `save`, without the stack that the function itself takes: it is done (a tail call follows).
 * - `return`: stands for the instruction `return`, which goes where the function's end is.
 * - `sized`: charge for the topmost operand.
 */
type PointKind = "charge" | "chargeStale" | "chargeLoop" | "save" | "load" | "land" | "merge" | "leave" | "return" | "sized";

interface Frame {
  readonly opcode: number;
  /** The region that its first instruction belongs to, or would; of a loop the one in front of it. */
  readonly region: Region;
  /** Nothing reaches its start. */
  readonly dead: boolean;
  /** Operands below its parameters. */
  readonly height: number;
  readonly parameters: number;
  readonly results: number;
  /** Something branches to its label. */
  targeted: boolean;
  /** Exceptions are sent to its label. */
  caught: boolean;
  /** An earlier arm (then, try, catch) reaches its end. */
  armReachesEnd: boolean;
  hasElse: boolean;
  /** The outermost frame, by index, that something inside branches to. */
  leavesTo: number;
}

/** What the walk has to know of the module, by index. */
export interface Signatures {
  readonly types: readonly Signature[];
  /** The type of each function, imported ones first. */
  readonly functions: readonly number[];
  readonly importedFunctions: number;
  /** The type of each tag, imported ones first. */
  readonly tags: readonly number[];
  /** Functions that don't touch the meter. */
  readonly free: ReadonlySet<number>;
}

export interface Signature {
  readonly parameters: number;
  readonly results: number;
}

export interface BodyPlan {
  readonly points: readonly Point[];
  /** Charged when the function is entered, besides what its frame costs. */
  readonly entry: Region;
  /** Operands on the stack at the most. */
  readonly height: number;
  /** Values that are handed to a callee, or back, at the most. */
  readonly passed: number;
  readonly calls: boolean;
  readonly loops: boolean;
  readonly simd: boolean;
  /** All weights together. */
  readonly weight: number;
  /** Something branches to the function's own label, or returns. */
  readonly leavesEarly: boolean;
  readonly landsAtEnd: boolean;
}

/** What the local and the global have: the global's value may be older than the local's, or the other way round after a call. */
const LOCAL = 0; // the local is newer
const BOTH = 1;
const GLOBAL = 2; // the global is newer

/** Plans one body after another. */
export class Planner {
  readonly #bytes: Uint8Array;
  readonly #module: Signatures;
  #points: Point[] = [];
  #frames: Frame[] = [];
  /** The function's own. */
  #outermost: Frame = newFrame(OPCODE.block, newRegion(), false, 0, 0, 0);
  #region: Region = newRegion();
  #entry: Region = this.#region;
  #dead = false;
  #fresh: typeof LOCAL | typeof BOTH | typeof GLOBAL = LOCAL;
  #height = 0;
  #heightMax = 0;
  #passed = 0;
  #calls = false;
  #loops = false;
  #simd = false;
  #weight = 0;

  constructor(bytes: Uint8Array, module: Signatures) {
    this.#bytes = bytes;
    this.#module = module;
  }

  begin(type: number): void {
    const { results } = this.#type(type);
    this.#points = [];
    this.#entry = newRegion();
    this.#region = this.#entry;
    this.#dead = false;
    this.#fresh = LOCAL;
    this.#height = 0;
    this.#heightMax = 0;
    this.#passed = results;
    this.#calls = false;
    this.#loops = false;
    this.#simd = false;
    this.#weight = 0;
    this.#outermost = newFrame(OPCODE.block, this.#entry, false, 0, 0, results);
    this.#frames = [this.#outermost];
  }

  finish(): BodyPlan {
    return {
      points: this.#points,
      entry: this.#entry,
      height: this.#heightMax,
      passed: this.#passed,
      calls: this.#calls,
      loops: this.#loops,
      simd: this.#simd,
      weight: this.#weight,
      leavesEarly: this.#outermost.targeted,
      landsAtEnd: this.#outermost.caught,
    };
  }

  instruction(opcode: number, first: number, second: number, start: number, end: number): void {
    switch (opcode) {
      case OPCODE.block:
      case OPCODE.try:
      case OPCODE.if:
      case OPCODE.loop:
      case OPCODE.tryTable:
        this.#open(opcode, first, second, start, end);
        return;
      case OPCODE.else:
        this.#else(start, end);
        return;
      case OPCODE.catch:
      case OPCODE.catchAll:
        this.#catch(opcode === OPCODE.catch ? this.#type(this.#module.tags[first]).parameters : 0, start, end);
        return;
      case OPCODE.end:
      case OPCODE.delegate:
        this.#close(start, end);
        return;
    }
    if (this.#dead) return;
    const at = slot(opcode);
    this.#pay(WEIGHT[at] as number);
    if (opcode >= 0xfd00) this.#simd = true;
    switch (opcode) {
      case OPCODE.branch:
        this.#branch(first, start);
        this.#die();
        return;
      case OPCODE.branchIf:
      case OPCODE.branchOnNull:
      case OPCODE.branchOnNonNull:
        this.#branch(first, start);
        this.#move(STACK_EFFECT[at] as number);
        this.#newRegion(end);
        return;
      case OPCODE.branchTable: {
        const labels = new Reader(this.#bytes, start + 1, end);
        for (let left = labels.u32(); left >= 0; left--) this.#branch(labels.u32(), start, left === 0);
        this.#die();
        return;
      }
      case OPCODE.return:
        this.#toLocal(start);
        this.#mark(0);
        this.#add({ at: start, kind: "return", number: this.#frames.length - 1 });
        this.#die();
        return;
      case OPCODE.unreachable:
        this.#die();
        return;
      case OPCODE.throw:
      case OPCODE.throwRef:
      case OPCODE.rethrow:
        this.#calls = true; // a handler takes what the global has
        this.#toGlobal(start);
        this.#die();
        return;
      case OPCODE.returnCall:
      case OPCODE.returnCallRef:
      case OPCODE.returnCallIndirect: {
        if (opcode === OPCODE.returnCall && first < this.#module.importedFunctions) this.#pay(IMPORT_WEIGHT);
        this.#calls = true;
        this.#toLocal(start);
        this.#add({ at: start, kind: "leave" });
        this.#leaveTo(0);
        this.#die();
        return;
      }
      case OPCODE.call:
        if (first < this.#module.importedFunctions) this.#pay(IMPORT_WEIGHT);
        if (this.#module.free.has(first)) this.#callFree(this.#type(this.#module.functions[first]));
        else this.#call(this.#type(this.#module.functions[first]), 0, start);
        return;
      case OPCODE.callRef:
        this.#call(this.#type(first), 1, start);
        return;
      case OPCODE.callIndirect:
        this.#call(this.#type(first), 1, start);
        return;
    }
    if (SIZED_WORK.has(opcode)) {
      this.#calls = true;
      this.#toGlobal(start);
      this.#add({ at: start, kind: "sized", number: opcode });
      this.#fresh = GLOBAL;
    }
    this.#move(STACK_EFFECT[at] as number);
  }

  #type(index: number | undefined): Signature {
    const type = index === undefined ? undefined : this.#module.types[index];
    if (!type) throw new MalformedModule(`a type that is not there is used: ${index}`);
    return type;
  }

  #pay(weight: number): void {
    this.#region.charge += weight;
    this.#weight += weight;
  }

  #move(effect: number): void {
    this.#height += effect;
    if (this.#height > this.#heightMax) this.#heightMax = this.#height;
  }

  #die(): void {
    this.#dead = true;
  }

  #call({ parameters, results }: Signature, besides: number, start: number): void {
    this.#calls = true;
    this.#passed = Math.max(this.#passed, parameters, results);
    this.#toGlobal(start);
    this.#fresh = GLOBAL;
    this.#height -= parameters + besides;
    this.#move(results);
  }

  #callFree({ parameters, results }: Signature): void {
    this.#calls = true;
    this.#passed = Math.max(this.#passed, parameters, results);
    this.#height -= parameters;
    this.#move(results);
  }

  #add(point: Point): void {
    if (this.#points.push(point) > POINTS_MAX) throw new UnsupportedFeature(`a function of over ${POINTS_MAX} branches and calls, metered`);
  }

  /** From here on the global has the newest value, as a callee expects. */
  #toGlobal(at: number): void {
    if (this.#fresh === LOCAL) this.#add({ at, kind: "save" });
    if (this.#fresh !== GLOBAL) this.#fresh = BOTH;
  }

  /** From here on the local has the newest value, as labels expect. */
  #toLocal(at: number): void {
    if (this.#fresh === GLOBAL) {
      this.#add({ at, kind: "load" });
      this.#fresh = BOTH;
    }
  }

  #newRegion(at: number): void {
    this.#region = newRegion();
    this.#add({ at, kind: this.#fresh === GLOBAL ? "chargeStale" : "charge", region: this.#region });
    this.#fresh = LOCAL;
  }

  /** A branch to a label, as many blocks out as it says. */
  #branch(label: number, start: number, pays = true): void {
    const index = this.#frames.length - 1 - label;
    const frame = this.#frames[index];
    if (!frame) throw new MalformedModule(`branch out of ${label} blocks at byte ${start}`);
    // Values that go along are moved one by one.
    if (pays) this.#pay((frame.opcode === OPCODE.loop ? frame.parameters : frame.results) >> 3);
    this.#toLocal(start);
    this.#mark(index);
  }

  #mark(index: number): void {
    (this.#frames[index] as Frame).targeted = true;
    this.#leaveTo(index);
  }

  #leaveTo(index: number): void {
    const top = this.#frames.at(-1) as Frame;
    if (index < top.leavesTo) top.leavesTo = index;
  }

  #open(opcode: number, first: number, handlers: number, start: number, end: number): void {
    let parameters = 0;
    let results = 0;
    if (first >= 0) ({ parameters, results } = this.#type(first));
    else if (this.#bytes[start + 1] !== EMPTY_BLOCK) results = 1;
    if (this.#dead) {
      this.#frames.push(newFrame(opcode, this.#region, true, 0, parameters, results));
      return;
    }
    if (opcode === OPCODE.if) {
      this.#pay(1);
      this.#height--;
      this.#toLocal(start);
    }
    const frame = newFrame(opcode, this.#region, false, this.#height - parameters, parameters, results);
    if (opcode === OPCODE.tryTable) this.#handlers(handlers, frame, start, end);
    if (opcode === OPCODE.loop) {
      this.#loops = true;
      this.#toLocal(start);
      this.#frames.push(frame);
      this.#region = newRegion();
      this.#add({ at: end, kind: "chargeLoop", region: this.#region, frame });
      this.#fresh = BOTH;
      return;
    }
    this.#frames.push(frame);
    if (opcode === OPCODE.if) this.#newRegion(end);
  }

  /** Labels of handlers count from outside of the block that they belong to. */
  #handlers(count: number, frame: Frame, start: number, end: number): void {
    const reader = new Reader(this.#bytes, start + 1, end);
    reader.signed(33); // the block's type; a reference type has a second number
    const type = this.#bytes[start + 1];
    if (type === REFERENCE || type === REFERENCE_NULL) reader.signed(33);
    reader.u32();
    for (let i = 0; i < count; i++) {
      if (reader.byte() < CATCH_ALL) reader.u32();
      const index = this.#frames.length - 1 - reader.u32();
      const target = this.#frames[index];
      if (!target) throw new MalformedModule(`handler out of too many blocks at byte ${start}`);
      target.targeted = true;
      target.caught = true;
      frame.leavesTo = Math.min(frame.leavesTo, index);
    }
  }

  #else(start: number, end: number): void {
    const frame = this.#frames.at(-1) as Frame;
    if (frame.dead) return;
    this.#endArm(frame, start);
    this.#dead = false;
    this.#height = frame.height;
    this.#move(frame.parameters);
    frame.hasElse = true;
    this.#fresh = LOCAL;
    this.#newRegion(end);
  }

  #catch(values: number, start: number, end: number): void {
    const frame = this.#frames.at(-1) as Frame;
    if (frame.dead) return;
    this.#endArm(frame, start);
    this.#dead = false;
    this.#height = frame.height;
    this.#move(values);
    this.#add({ at: end, kind: "land" });
    this.#fresh = LOCAL;
    this.#newRegion(end);
  }

  #endArm(frame: Frame, start: number): void {
    if (this.#dead) return;
    this.#toLocal(start);
    frame.armReachesEnd = true;
  }

  #close(start: number, end: number): void {
    const frame = this.#frames.pop() as Frame;
    const index = this.#frames.length;
    const parent = this.#frames.at(-1);
    if (!parent) {
      if (!this.#dead) this.#toLocal(start);
      return;
    }
    if (frame.dead) return;
    if (frame.leavesTo < parent.leavesTo) parent.leavesTo = frame.leavesTo;
    const isLoop = frame.opcode === OPCODE.loop;
    const skippable = frame.opcode === OPCODE.if && !frame.hasElse;
    const joins = (frame.targeted && !isLoop) || frame.armReachesEnd || skippable;
    const reached = !this.#dead || joins;
    if (!reached) return;
    const falls = !this.#dead;
    if (falls && joins) this.#toLocal(start);
    this.#dead = false;
    this.#height = frame.height;
    this.#move(frame.results);
    if (joins) this.#fresh = LOCAL;
    const lands = frame.caught && !isLoop;
    if (frame.leavesTo >= index) {
      this.#region = frame.region;
      if (lands) this.#add({ at: end, kind: "merge", frame });
    } else if (joins) {
      if (lands) this.#add({ at: end, kind: "merge", frame });
      this.#newRegion(end);
    }
  }
}

/** In one function: interpreters have some ten thousand, and with as many as this it comes near the size that V8 takes at the most. */
const POINTS_MAX = 400_000;

const EMPTY_BLOCK = 0x40;
const REFERENCE_NULL = 0x63;
const REFERENCE = 0x64;
/** Kinds of handlers below this one name a tag. */
const CATCH_ALL = 2;

function newFrame(opcode: number, region: Region, dead: boolean, height: number, parameters: number, results: number): Frame {
  return {
    opcode,
    region,
    dead,
    height,
    parameters,
    results,
    targeted: false,
    caught: false,
    armReachesEnd: false,
    hasElse: false,
    leavesTo: Number.POSITIVE_INFINITY,
  };
}
