# Reading and writing JSON of the sort that steps hand to each other.
import json


def run():
    rows = [
        {"id": i, "name": f"customer {i}", "tags": ["a", "b\u00e9", str(i)], "amount": i * 1.25, "active": i % 3 == 0, "parent": None}
        for i in range(2000)
    ]
    size = 0
    for _ in range(60):
        text = json.dumps(rows)
        rows = json.loads(text)
        size += len(text)
    return [size, rows[-1]["name"]]
