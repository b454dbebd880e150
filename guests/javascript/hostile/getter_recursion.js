const object = {
  get self() {
    return this.self;
  },
};
return object.self;
