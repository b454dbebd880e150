// Squarified treemaps, after Bruls, Huizing and van Wijk (2000): rectangles in proportion to their values, as near to squares as rows allow.

export class Box {
  constructor(
    public x: f64,
    public y: f64,
    public width: f64,
    public height: f64,
  ) {}
}

/** Boxes for `values`, in their order, that fill `within`. Values must be above 0, the largest first. */
export function layOut(values: f64[], within: Box): Box[] {
  const boxes: Box[] = [];
  let total: f64 = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  const scale = (within.width * within.height) / total;
  let x = within.x;
  let y = within.y;
  let width = within.width;
  let height = within.height;
  let first = 0;
  while (first < values.length) {
    const side = Math.min(width, height);
    let end = first + 1;
    let area = values[first] * scale;
    let worst = worstRatio(area, values[first] * scale, values[first] * scale, side);
    while (end < values.length) {
      const larger = area + values[end] * scale;
      const ratio = worstRatio(larger, values[first] * scale, values[end] * scale, side);
      if (ratio > worst) break;
      worst = ratio;
      area = larger;
      end++;
    }
    const depth = side > 0 ? area / side : 0;
    let offset: f64 = 0;
    for (let i = first; i < end; i++) {
      const length = area > 0 ? (values[i] * scale * side) / area : 0;
      boxes.push(width < height ? new Box(x + offset, y, length, depth) : new Box(x, y + offset, depth, length));
      offset += length;
    }
    if (width < height) {
      y += depth;
      height = Math.max(0, height - depth);
    } else {
      x += depth;
      width = Math.max(0, width - depth);
    }
    first = end;
  }
  return boxes;
}

/** How far the worst of a row's rectangles is from a square: 1 is a square. */
function worstRatio(area: f64, largest: f64, smallest: f64, side: f64): f64 {
  const square = side * side;
  return Math.max((square * largest) / (area * area), (area * area) / (square * smallest));
}
