const proxy = new Proxy({}, { get: (_target, _name, self) => self.any });
return proxy.any;
