// Loaded before the command line (`interruptAt` of ganatomy.ts): presses Ctrl-C, or sends another
// signal, as soon as stderr matches, so that no machine is too fast for it.
const pattern = new RegExp(process.env["GANATOMY_INTERRUPT_AT"]);
const write = process.stderr.write.bind(process.stderr);
let said = "";
process.stderr.write = (text, ...more) => {
  const drained = write(text, ...more);
  said += text;
  if (pattern.test(said)) {
    process.stderr.write = write;
    process.kill(process.pid, process.env["GANATOMY_INTERRUPT_BY"]);
  }
  return drained;
};
