// Asks for the address that is its input (a JSON string), and writes what came as its output: {"size": ..., "at": ...}. What the host refuses,
// or what fails, is its own end.
#include "../sdk/glovebox.h"

static char input[8192];
static char head[9000];
static char output[128];

static uint32_t append(char *to, uint32_t at, const char *text) {
  while (*text) to[at++] = *text++;
  return at;
}

static uint32_t append_number(char *to, uint32_t at, uint64_t number) {
  char digits[20];
  uint32_t count = 0;
  do digits[count++] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  while (count > 0) to[at++] = digits[--count];
  return at;
}

__attribute__((export_name("handle"))) int32_t handle(void) {
  int32_t size = glovebox_read_input();
  if (size < 0) return size;
  if (size >= (int32_t)sizeof input) return 1;
  glovebox_take_answer(input, sizeof input);
  input[size] = 0;

  uint32_t length = append(head, 0, "{\"method\":\"GET\",\"headers\":[],\"stream\":false,\"url\":");
  length = append(head, length, input);
  length = append(head, length, "}");
  size = glovebox_http_request(head, length, 0, 0);
  if (size < 0) return size;
  uint32_t head_size;
  glovebox_take_answer(&head_size, sizeof head_size);

  length = append(output, 0, "{\"size\":");
  length = append_number(output, length, (uint64_t)size - sizeof head_size - head_size);
  length = append(output, length, ",\"at\":");
  length = append_number(output, length, (uint64_t)glovebox_get_time());
  length = append(output, length, "}");
  glovebox_log(GLOVEBOX_INFO, output, length);
  return glovebox_write_output(output, length);
}
