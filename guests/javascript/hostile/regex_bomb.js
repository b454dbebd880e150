return /(x+x+)+y/.test("x".repeat(64));
