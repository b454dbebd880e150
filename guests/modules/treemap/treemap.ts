// A buffer module in AssemblyScript: JSON in, a treemap as SVG out.
//
//   { width, height, title, groups: [{ label, detail, tone, tiles: [{ label, detail, about, value, tone, hatched }] }] }
//
// Tones are numbers from 0 to 7, whose colours are in the picture's own style, for light and dark. All text is escaped here, whoever wrote it.
import { Kind, parse, Value } from "./json";
import { Box, layOut } from "./layout";

const GAP: f64 = 2;
const HEAD: f64 = 26;
const TONES: i32 = 8;

const STYLE = `
.treemap{font-family:ui-sans-serif,system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;--ink:#fff;--g:#475569}
.treemap text{fill:var(--ink)}.treemap .head{fill:var(--g);font-size:13px;font-weight:600}.treemap .sum{font-weight:400;opacity:.8}
.treemap .d{opacity:.82}.treemap .t0{fill:#2f6db5}.treemap .t1{fill:#7c5cbf}.treemap .t2{fill:#0f8a7a}.treemap .t3{fill:#64748b}
.treemap .t4{fill:#c2410c}.treemap .t5{fill:#b4237a}.treemap .t6{fill:#4d7c0f}.treemap .t7{fill:#94a3b8}
.treemap g:hover>rect{filter:brightness(1.12)}
@media(prefers-color-scheme:dark){.treemap{--g:#a8b3c4}.treemap .t0{fill:#2a5f9e}.treemap .t1{fill:#6a4fa5}.treemap .t2{fill:#0d7568}.treemap .t3{fill:#536174}.treemap .t7{fill:#5b6779}}
@media print{.treemap *{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`;

export function allocate(size: usize): usize {
  return heap.alloc(size);
}

export function deallocate(address: usize, size: usize): void {
  heap.free(address);
}

export function process(input: usize, length: u32, outputLength: usize): usize {
  const svg = draw(parse(String.UTF8.decodeUnsafe(input, length)));
  const size = String.UTF8.byteLength(svg);
  const output = heap.alloc(max(size, 1));
  String.UTF8.encodeUnsafe(changetype<usize>(svg), svg.length, output);
  store<u32>(outputLength, size);
  return output;
}

class Entry {
  constructor(
    readonly value: Value,
    readonly size: f64,
  ) {}
}

function draw(drawing: Value): string {
  const width = drawing.get("width").numberOr(1200);
  const height = drawing.get("height").numberOr(600);
  if (!(width >= 50 && width <= 20000 && height >= 50 && height <= 20000)) throw new Error("width and height must be from 50 to 20000");
  const parts: string[] = [];
  parts.push(`<svg xmlns="http://www.w3.org/2000/svg" class="treemap" viewBox="0 0 ` + fixed(width) + " " + fixed(height) + `" role="img">`);
  parts.push("<title>" + escape(drawing.get("title").textOr("")) + "</title><style>" + STYLE + "</style>");
  parts.push(
    `<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.5" height="7" fill="#000" fill-opacity=".22"/></pattern></defs>`,
  );
  const groups = largestFirst(drawing.get("groups").items);
  const boxes = layOut(sizes(groups), new Box(0, 0, width, height));
  for (let i = 0; i < groups.length; i++) drawGroup(groups[i], boxes[i], parts);
  parts.push("</svg>");
  return parts.join("");
}

function drawGroup(group: Entry, box: Box, parts: string[]): void {
  const room = box.width - 2 * GAP;
  const within = new Box(box.x + GAP, box.y + GAP, room, box.height - 2 * GAP);
  if (within.height > HEAD * 2 && room > 60) {
    const label = group.value.get("label").textOr("");
    const detail = group.value.get("detail").textOr("");
    const named = cut(label, room - 8, 13);
    const rest = room - 8 - widthOf(named, 13) - 10;
    const sum = widthOf(detail, 13) <= rest ? `<tspan class="sum" dx="8">` + escape(detail) + "</tspan>" : "";
    parts.push(`<text class="head" x="` + fixed(within.x + 2) + `" y="` + fixed(within.y + 17) + `">` + escape(named) + sum + "</text>");
    within.y += HEAD;
    within.height -= HEAD;
  }
  if (within.width <= 0 || within.height <= 0) return;
  const tiles = largestFirst(group.value.get("tiles").items);
  const boxes = layOut(sizes(tiles), within);
  const tone = group.value.get("tone").numberOr(0);
  for (let i = 0; i < tiles.length; i++) drawTile(tiles[i].value, boxes[i], tone, parts);
}

function drawTile(tile: Value, box: Box, groupTone: f64, parts: string[]): void {
  const width = box.width - GAP;
  const height = box.height - GAP;
  if (width < 0.5 || height < 0.5) return;
  const label = tile.get("label").textOr("");
  const detail = tile.get("detail").textOr("");
  const tone = <i32>Math.max(0, Math.min(TONES - 1, tile.get("tone").numberOr(groupTone)));
  const place = ` x="` + fixed(box.x + GAP / 2) + `" y="` + fixed(box.y + GAP / 2) + `" width="` + fixed(width) + `" height="` + fixed(height) + `"`;
  const round = Math.min(width, height) > 12 ? ` rx="3"` : "";
  parts.push("<g><title>" + escape(tile.get("about").textOr(label)) + "</title>");
  parts.push("<rect" + place + round + ` class="t` + tone.toString() + `"/>`);
  const hatched = tile.get("hatched");
  if (hatched.kind == Kind.flag && hatched.number == 1) parts.push("<rect" + place + round + ` fill="url(#hatch)"/>`);
  drawLabel(label, detail, box.x + GAP / 2, box.y + GAP / 2, width, height, parts);
  parts.push("</g>");
}

/** The larger the tile, the larger its name; where not even a few letters fit there is none. */
function drawLabel(label: string, detail: string, x: f64, y: f64, width: f64, height: f64, parts: string[]): void {
  const size = Math.floor(Math.max(10, Math.min(26, Math.min(height * 0.32, (width - 12) / (0.58 * Math.max(4, <f64>label.length))))));
  if (height < size + 5 || width < 28) return;
  const shown = cut(label, width - 12, size);
  if (shown.length < 3 && shown.length < label.length) return;
  const top = y + size + 4;
  parts.push(`<text x="` + fixed(x + 6) + `" y="` + fixed(top) + `" font-size="` + fixed(size) + `">` + escape(shown) + "</text>");
  const small = Math.max(10, Math.min(14, size * 0.75));
  if (detail == "" || height < size + small + 12 || widthOf(detail, small) > width - 12) return;
  parts.push(`<text class="d" x="` + fixed(x + 6) + `" y="` + fixed(top + small + 4) + `" font-size="` + fixed(small) + `">` + escape(detail) + "</text>");
}

/** Entries that have a size: a tile's `value`, the sum of a group's tiles. */
function largestFirst(values: Value[]): Entry[] {
  const entries: Entry[] = [];
  for (let i = 0; i < values.length; i++) {
    const size = sizeOf(values[i]);
    if (size > 0 && isFinite(size)) entries.push(new Entry(values[i], size));
  }
  return entries.sort((a, b) => (a.size > b.size ? -1 : a.size < b.size ? 1 : 0));
}

function sizeOf(value: Value): f64 {
  const tiles = value.get("tiles");
  if (tiles.kind != Kind.list) return value.get("value").numberOr(0);
  let sum: f64 = 0;
  for (let i = 0; i < tiles.items.length; i++) sum += Math.max(0, tiles.items[i].get("value").numberOr(0));
  return sum;
}

function sizes(entries: Entry[]): f64[] {
  const found: f64[] = [];
  for (let i = 0; i < entries.length; i++) found.push(entries[i].size);
  return found;
}

/** About, for a sans-serif face: nothing here can measure text. */
function widthOf(text: string, size: f64): f64 {
  return <f64>text.length * size * 0.57;
}

function cut(text: string, width: f64, size: f64): string {
  if (widthOf(text, size) <= width) return text;
  let length = <i32>Math.max(0, width / (size * 0.57) - 1);
  // Not in the middle of a character that is two units long.
  if (length > 0 && (text.charCodeAt(length - 1) & 0xfc00) == 0xd800) length--;
  return text.substring(0, length) + "…";
}

/** With one digit behind the point, where it is not 0. */
function fixed(value: f64): string {
  const tenths = <i64>Math.round(value * 10);
  const whole = (tenths / 10).toString();
  const rest = tenths % 10;
  return rest == 0 ? whole : (tenths < 0 && whole == "0" ? "-0" : whole) + "." + (rest < 0 ? -rest : rest).toString();
}

function escape(text: string): string {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    let instead = "";
    if (code == 0x26) instead = "&amp;";
    else if (code == 0x3c) instead = "&lt;";
    else if (code == 0x3e) instead = "&gt;";
    else if (code == 0x22) instead = "&quot;";
    else if (code == 0x27) instead = "&#39;";
    // What XML, or UTF-8, can't hold at all.
    else if (code < 0x20 && code != 0x0a && code != 0x09) instead = "\u{fffd}";
    else if ((code & 0xf800) == 0xd800) {
      if (code < 0xdc00 && i + 1 < text.length && (text.charCodeAt(i + 1) & 0xfc00) == 0xdc00) {
        i++;
        continue;
      }
      instead = "\u{fffd}";
    }
    else continue;
    parts.push(text.substring(start, i));
    parts.push(instead);
    start = i + 1;
  }
  parts.push(text.substring(start));
  return parts.join("");
}
