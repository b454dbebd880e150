/* A WASI command: JSON on standard input, JSON on standard output. Any program of this form is a step.
 *
 * The input is a JSON string; what comes out is { "characters": ..., "words": ..., "lines": ... }. Anything else ends it with status 1
 * and a line on standard error. */
#include <stdio.h>
#include <stdlib.h>

static int next(void) {
  int c = getchar();
  if (c == EOF) {
    fputs("word_count: the input ends within a string\n", stderr);
    exit(1);
  }
  return c;
}

/* The character that follows a backslash, as far as it matters here: \u escapes count as one letter. */
static int escaped(void) {
  int c = next();
  if (c == 'u') {
    for (int i = 0; i < 4; i++) next();
    return 'u';
  }
  return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

int main(void) {
  long characters = 0, words = 0, lines = 0;
  int in_word = 0;
  if (getchar() != '"') {
    fputs("word_count: the input is not a JSON string\n", stderr);
    return 1;
  }
  for (int c = next(); c != '"'; c = next()) {
    if (c == '\\') c = escaped();
    if ((c & 0xc0) == 0x80) continue; /* within a character of UTF-8 */
    characters++;
    if (characters == 1) lines = 1;
    if (c == '\n') lines++;
    int space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space && !in_word) words++;
    in_word = !space;
  }
  printf("{\"characters\":%ld,\"words\":%ld,\"lines\":%ld}\n", characters, words, lines);
  return 0;
}
