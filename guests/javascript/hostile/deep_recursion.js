function recurse(n) {
  return recurse(n + 1) + 1;
}
return recurse(0);
