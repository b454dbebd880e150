/* What a module may ask its host for. docs/handlers.md describes it. Nothing but a C99 compiler is needed.
 *
 * Functions that return int32_t return a size, or 0, or one of the errors below. Whatever was answered is then taken with
 * glovebox_take_answer, as a whole or in parts; the next call replaces it. */
#ifndef GLOVEBOX_H
#define GLOVEBOX_H

#include <stdint.h>

enum {
  GLOVEBOX_REFUSED = -1, /* it is not granted; why is not told */
  GLOVEBOX_FAILED = -2,  /* it is granted and came to nothing; the answer says why */
  GLOVEBOX_INVALID = -3  /* an address is outside of memory, or a text is not UTF-8 */
};

enum { GLOVEBOX_DEBUG = 0, GLOVEBOX_INFO = 1, GLOVEBOX_WARNING = 2, GLOVEBOX_ERROR = 3 };

#define GLOVEBOX_IMPORT(name) __attribute__((import_module("glovebox"), import_name(#name)))

GLOVEBOX_IMPORT(log) void glovebox_log(int32_t level, const char *text, uint32_t length);
/* The size of the input, which is the answer. */
GLOVEBOX_IMPORT(read_input) int32_t glovebox_read_input(void);
/* Writes the output, JSON, once. */
GLOVEBOX_IMPORT(write_output) int32_t glovebox_write_output(const void *json, uint32_t length);
GLOVEBOX_IMPORT(read_secret) int32_t glovebox_read_secret(const char *name, uint32_t length);
/* Milliseconds since the Unix epoch. */
GLOVEBOX_IMPORT(get_time) int64_t glovebox_get_time(void);
/* head: {"url": "...", "method": "GET", "headers": [["name", "value"]], "stream": false}
 * The answer: 32 bits, little-endian, with the size of a head {"status": 200, "headers": [...]}, that head, and the body. */
GLOVEBOX_IMPORT(http_request)
int32_t glovebox_http_request(const char *head, uint32_t head_length, const void *body, uint32_t body_length);
/* The next piece of the body of a request with "stream": true. 0: that was all. */
GLOVEBOX_IMPORT(http_read) int32_t glovebox_http_read(void);
/* The content of a granted file. */
GLOVEBOX_IMPORT(open_file) int32_t glovebox_open_file(const char *name, uint32_t length);
/* Copies up to `length` bytes of what is left of the answer, and returns how many. */
GLOVEBOX_IMPORT(take_answer) int32_t glovebox_take_answer(void *into, uint32_t length);

#endif
