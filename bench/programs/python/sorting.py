# Sorting numbers, texts and records with keys, and a heap.
import heapq


def run():
    state = 12345
    numbers = []
    for _ in range(60_000):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        numbers.append(state)
    records = [{"key": number % 1000, "name": str(number)} for number in numbers]
    checksum = 0
    for _ in range(2):
        checksum += sorted(numbers)[1000]
        checksum += len(sorted(map(str, numbers))[77])
        by_key = sorted(records, key=lambda record: (record["key"], record["name"]))
        checksum += by_key[500]["key"]
        heap = numbers[:20_000]
        heapq.heapify(heap)
        while len(heap) > 1000:
            checksum += heapq.heappop(heap) & 1
    return checksum
