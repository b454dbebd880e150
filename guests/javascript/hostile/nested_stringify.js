const stringify = { toJSON: () => JSON.stringify(stringify) };
return JSON.stringify(stringify);
