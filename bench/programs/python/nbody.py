# Planets that pull at each other: floats in lists, attributes of none.
from math import sqrt


def make():
    # position, velocity, mass; five bodies on invented orbits
    bodies = []
    for i, mass in enumerate((1000.0, 1.0, 0.3, 0.05, 0.002)):
        radius = 0.0 if i == 0 else 10.0 * i
        speed = 0.0 if i == 0 else sqrt(1000.0 / radius)
        bodies.append([radius, 0.5 * i, 0.0, 0.0, speed, 0.01 * i, mass])
    return bodies


def advance(bodies, dt):
    count = len(bodies)
    for i in range(count):
        a = bodies[i]
        for j in range(i + 1, count):
            b = bodies[j]
            dx, dy, dz = a[0] - b[0], a[1] - b[1], a[2] - b[2]
            d2 = dx * dx + dy * dy + dz * dz + 1e-9
            pull = dt / (d2 * sqrt(d2))
            by_a, by_b = a[6] * pull, b[6] * pull
            a[3] -= dx * by_b
            a[4] -= dy * by_b
            a[5] -= dz * by_b
            b[3] += dx * by_a
            b[4] += dy * by_a
            b[5] += dz * by_a
    for body in bodies:
        body[0] += dt * body[3]
        body[1] += dt * body[4]
        body[2] += dt * body[5]


def run():
    bodies = make()
    for _ in range(45_000):
        advance(bodies, 0.001)
    return round(sum(body[0] + body[1] for body in bodies), 6)
