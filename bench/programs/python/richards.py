# A scheduler of tasks with queues and priorities, after the idea of Martin Richards' benchmark: objects, methods, attributes.
class Packet:
    __slots__ = ("next", "kind", "value")

    def __init__(self, kind, value):
        self.next = None
        self.kind = kind
        self.value = value


class Queue:
    def __init__(self):
        self.head = None
        self.tail = None
        self.length = 0

    def put(self, packet):
        packet.next = None
        if self.head is None:
            self.head = packet
        else:
            self.tail.next = packet
        self.tail = packet
        self.length += 1

    def take(self):
        packet = self.head
        self.head = packet.next
        self.length -= 1
        return packet


class Task:
    def __init__(self, scheduler, name, priority):
        self.scheduler = scheduler
        self.name = name
        self.priority = priority
        self.inbox = Queue()
        self.handled = 0
        scheduler.add(self)

    def is_ready(self):
        return self.inbox.length > 0

    def step(self):
        self.handled += 1
        self.handle(self.inbox.take())


class Worker(Task):
    def __init__(self, scheduler, name, priority, targets):
        super().__init__(scheduler, name, priority)
        self.targets = targets
        self.turn = 0

    def handle(self, packet):
        self.turn = (self.turn + 1) % len(self.targets)
        packet.value = (packet.value * 31 + self.turn) & 0xFFFF
        packet.kind = "device" if packet.value & 1 else "handler"
        self.scheduler.send(self.targets[self.turn], packet)


class Device(Task):
    def __init__(self, scheduler, name, priority, back_to):
        super().__init__(scheduler, name, priority)
        self.back_to = back_to
        self.held = None

    def handle(self, packet):
        if self.held is None and packet.kind == "device":
            self.held = packet
            self.scheduler.send(self.back_to, Packet("filler", packet.value >> 1))
        else:
            held, self.held = self.held, None
            if held is not None:
                self.scheduler.send(self.back_to, held)
            else:
                self.scheduler.send(self.back_to, packet)


class Scheduler:
    def __init__(self):
        self.tasks = []
        self.by_name = {}

    def add(self, task):
        self.tasks.append(task)
        self.tasks.sort(key=lambda task: -task.priority)
        self.by_name[task.name] = task

    def send(self, name, packet):
        self.by_name[name].inbox.put(packet)

    def run(self, steps):
        while steps > 0:
            for task in self.tasks:
                if task.is_ready():
                    task.step()
                    steps -= 1
                    break
            else:
                return


def run():
    scheduler = Scheduler()
    Worker(scheduler, "worker a", 4, ["device x", "device y", "worker b"])
    Worker(scheduler, "worker b", 3, ["device y", "worker a", "device x"])
    Device(scheduler, "device x", 2, "worker b")
    Device(scheduler, "device y", 1, "worker a")
    for value in range(12):
        scheduler.send("worker a" if value % 2 else "worker b", Packet("device", value * 977))
    scheduler.run(500_000)
    return [task.handled for task in scheduler.tasks]
