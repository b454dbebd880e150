const totals = {};
for (const { country, amount } of inputs.rows) totals[country] = (totals[country] ?? 0) + amount;
console.log(`${inputs.rows.length} rows`);
return totals;
