// What is behind a typed array is not an object of QuickJS's own heap in every build.
const arrays = [];
for (let i = 0; i < 300; i++) arrays.push(new Uint8Array(512 * 1024).fill(1));
return arrays.length;
