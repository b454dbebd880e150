# One-way constraints between variables, planned by strength and propagated, after the idea of DeltaBlue: subclasses, sets, small loops.
class Variable:
    def __init__(self, value):
        self.value = value
        self.constraints = []
        self.determined_by = None
        self.mark = 0


class Constraint:
    strength = 0

    def is_satisfied_by(self, mark):
        return all(variable.mark == mark for variable in self.sources())


class Stay(Constraint):
    def __init__(self, variable, strength):
        self.variable = variable
        self.strength = strength
        variable.constraints.append(self)

    def sources(self):
        return ()

    def target(self):
        return self.variable

    def execute(self):
        pass


class Scaled(Constraint):
    def __init__(self, source, factor, offset, target, strength):
        self.source = source
        self.factor = factor
        self.offset = offset
        self.to = target
        self.strength = strength
        source.constraints.append(self)
        target.constraints.append(self)

    def sources(self):
        return (self.source,)

    def target(self):
        return self.to

    def execute(self):
        self.to.value = (self.source.value * self.factor + self.offset) % 1_000_003


class Total(Constraint):
    def __init__(self, parts, target, strength):
        self.parts = parts
        self.to = target
        self.strength = strength
        for variable in (*parts, target):
            variable.constraints.append(self)

    def sources(self):
        return self.parts

    def target(self):
        return self.to

    def execute(self):
        self.to.value = sum(part.value for part in self.parts)


class Planner:
    def __init__(self):
        self.mark = 0

    def plan(self, start):
        self.mark += 1
        mark = self.mark
        plan = []
        start.mark = mark
        agenda = list(start.constraints)
        while agenda:
            constraint = agenda.pop()
            target = constraint.target()
            if target.mark == mark or not constraint.sources():
                continue
            strongest = max((c for c in target.constraints if c.target() is target), key=lambda c: c.strength)
            if strongest is constraint and constraint.is_satisfied_by(mark):
                target.determined_by = constraint
                target.mark = mark
                plan.append(constraint)
                agenda.extend(c for c in target.constraints if c is not constraint)
        return plan


def run():
    chain = [Variable(i) for i in range(400)]
    for i in range(len(chain) - 1):
        Scaled(chain[i], 3, i, chain[i + 1], 5)
        Stay(chain[i + 1], 1)
    ends = [Variable(0) for _ in range(20)]
    for i, end in enumerate(ends):
        Total((chain[-1],), end, 4)
    planner = Planner()
    for edit in range(160):
        plan = planner.plan(chain[0])
        for value in range(10):
            chain[0].value = edit * 7 + value
            for constraint in plan:
                constraint.execute()
    return [len(plan), chain[-1].value, sum(end.value for end in ends)]
