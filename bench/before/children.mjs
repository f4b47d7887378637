/**
 * Ticks of the clock in which Linux counts: `sysconf(_SC_CLK_TCK)`, which is 100 wherever Node
 * runs.
 */
const TICKS = 100;

/**
 * CPU seconds of a process's children that have ended and were waited for, from its
 * `/proc/PID/stat`: fields 16 and 17. The second field is the program's name in parentheses, and
 * may hold blanks and parentheses of its own.
 */
export function childSeconds(stat) {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / TICKS;
}
