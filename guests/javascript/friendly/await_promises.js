const double = async (n) => n * 2;
const doubled = await Promise.all(inputs.numbers.map(double));
output.doubled = doubled;
