return "x".repeat(5 * 2 ** 20);
