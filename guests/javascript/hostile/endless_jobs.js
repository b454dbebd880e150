// The code has ended, and there is always one more job.
(async () => {
  while (true) await null;
})();
return "done";
