# Reading, grouping and writing CSV.
import csv
import io


def run():
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "region", "amount", "note"])
    for i in range(12_000):
        writer.writerow([i, f"region {i % 17}", i * 0.75, 'said "yes", then left' if i % 5 == 0 else "plain"])
    text = out.getvalue()
    totals = {}
    for _ in range(14):
        for row in csv.DictReader(io.StringIO(text)):
            totals[row["region"]] = totals.get(row["region"], 0.0) + float(row["amount"])
    return [len(text), round(sum(totals.values()), 2)]
