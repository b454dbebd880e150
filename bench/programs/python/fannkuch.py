# Every permutation of a small list, and how often its front can be flipped: list slices and small integers.
def run():
    n = 9
    best = 0
    checksum = 0
    order = list(range(n))
    counters = [0] * n
    sign = 1

    def flips_of(permutation):
        work = permutation[:]
        flips = 0
        first = work[0]
        while first:
            work[: first + 1] = work[first::-1]
            flips += 1
            first = work[0]
        return flips

    def visit():
        nonlocal best, checksum, sign
        flips = flips_of(order)
        best = max(best, flips)
        checksum += sign * flips
        sign = -sign

    visit()
    i = 0
    while i < n:  # all permutations, one exchange at a time
        if counters[i] < i:
            other = 0 if i % 2 == 0 else counters[i]
            order[other], order[i] = order[i], order[other]
            visit()
            counters[i] += 1
            i = 0
        else:
            counters[i] = 0
            i += 1
    return [best, checksum]
