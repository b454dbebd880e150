return new Array(10_000).fill(0).sort(() => {
  for (let i = 0; i < 1e7; i++);
  return -1;
}).length;
