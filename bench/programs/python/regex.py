# Looking for things in text: alternatives, groups, classes, replacing with a function.
import re


def run():
    lines = [
        f"2026-{i % 12 + 1:02}-{i % 28 + 1:02} user{i % 97}@example.org took {i * 37 % 1000}ms at /path/{i % 13}/item?id={i} [level={'warn' if i % 7 == 0 else 'info'}]"
        for i in range(3000)
    ]
    text = "\n".join(lines)
    found = 0
    for _ in range(13):
        found += len(re.findall(r"\b[\w.]+@[\w.]+\.\w+\b", text))
        found += sum(int(match[1]) for match in re.finditer(r"took (\d+)ms", text)) % 1000
        found += len(re.sub(r"(\d{4})-(\d\d)-(\d\d)", lambda match: f"{match[3]}.{match[2]}.", text))
        found += len(re.split(r"\s*(?:\[|\]|\?|&)\s*", text))
    return found
