# Putting text together: joins, f-strings, replacing, splitting, stripping, encoding.
def run():
    size = 0
    for round_number in range(28):
        parts = []
        for i in range(6000):
            parts.append(f"<li class='row {i % 2}'>{i:>6}: {i * 3.5:.2f} {'x' * (i % 9)}</li>")
        page = "\n".join(parts)
        page = page.replace("row 0", "even").replace("row 1", "odd")
        words = [word.strip("<>'").title() for line in page.split("\n") for word in line.split(" ")]
        text = " ".join(words).upper()
        size += len(text.encode()) + round_number
        line = ""
        for word in words[:3000]:
            line += word
        size += len(line)
    return size
