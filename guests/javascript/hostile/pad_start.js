return "a".padStart(2 ** 29).length;
