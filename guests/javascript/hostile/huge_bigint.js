return 2n ** (2n ** 24n);
