/** The small steps that all contenders run. */
export const PYTHON_STEP = `
def step(inputs):
    rows = inputs["rows"]
    total = sum(row["amount"] for row in rows)
    return {"total": total, "names": sorted(row["name"].upper() for row in rows)}
`.trim();

export const PYTHON_INPUT = { rows: Array.from({ length: 10 }, (_, i) => ({ name: `row ${10 - i}`, amount: i * 1.5 })) };

export const JAVASCRIPT_STEP = `
function step(inputs) {
  const { rows } = inputs;
  const total = rows.reduce((sum, { amount }) => sum + amount, 0);
  return { total, names: rows.map(({ name }) => name.toUpperCase()).sort() };
}
`.trim();
