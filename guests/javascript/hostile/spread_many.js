return [].concat(...new Array(300_000).fill([1])).length;
