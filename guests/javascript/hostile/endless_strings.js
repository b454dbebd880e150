const strings = [];
while (true) strings.push("x".repeat(2 ** 20) + strings.length);
