// Tests: test/cli/parts/slurm.test.ts
import type { OpenPlan } from "./plan.ts";

/** What a cluster wants to know of jobs. */
export interface SlurmOptions {
  readonly partition?: string | undefined;
  readonly time?: string | undefined;
  readonly account?: string | undefined;
  readonly gpus?: string | undefined;
}

/** A word for the shell as it is. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** Ends the jobs of the last time, as a shell says it. */
const CANCEL = `if [ -e jobs ]; then
  last=$(cat jobs)
  scancel $last 2>log/scancel || true
  # What is told to end keeps what it counted, and its folder until then: a task that came meanwhile
  # would be refused. Slurm kills it after KillWait, 30 seconds unless the site says otherwise.
  list=$(echo $last | tr ' ' ',')
  wait=180
  # squeue fails where it has forgotten them all
  while [ -n "$(squeue --noheader --jobs="$list" 2>>log/scancel)" ]; do
    if [ "$wait" -le 0 ]; then
      echo "Jobs of the last time have not ended: see squeue --jobs=$list, and submit again behind them." >&2
      exit 1
    fi
    wait=$((wait - 1))
    sleep 1
  done
fi
`;

/**
 * The files of a folder beside a plan: a script for a task, one for a merge, and one that submits
 * both for every pass. Built on files, not on jobs' states: every task and merge looks at what is
 * there, and says what is missing.
 */
export function slurmFiles(
  { plan, folder }: OpenPlan,
  options: SlurmOptions,
  program: readonly string[],
): Map<string, string> {
  const run = program.map(quoted).join(" ");
  const place = quoted(folder);
  const count = plan.parts.length;
  const head = (what: string, more: readonly string[]): string =>
    [
      "#!/bin/sh",
      `#SBATCH --job-name=${what}`,
      ...Object.entries(options).flatMap(([name, value]) =>
        value === undefined ? [] : [`#SBATCH --${name}=${value}`],
      ),
      // What a node's failure requeues goes on with its log as with its work.
      ...["requeue", "open-mode=append", ...more].map((option) => `#SBATCH --${option}`),
      "",
    ].join("\n");
  const going = (arguments_: string): string => `
# What is killed, as where memory runs out, goes on from where it was: Slurm never forgets that a
# task failed, also when it is requeued and succeeds. What is told to end keeps what it counted; this
# script waits for it, as with the script Slurm ends all that it began.
trap : TERM
for attempt in 1 2 3; do
  status=0
  ${run} ${arguments_} || status=$?
  case $status in 134 | 135 | 136 | 137 | 139) ;; *) break ;; esac
done
exit $status
`;
  const part = `${head("ganatomy-part", [`array=1-${count}`, "output=log/part-%A-%a.log"])}
# A part of the pass $1.${going(`part ${place} "$SLURM_ARRAY_TASK_ID" --pass "$1"`)}`;
  const merge = `${head("ganatomy-merge", ["output=log/merge-%A.log"])}
# Merges the pass $1; behind the last it writes the report. It looks at what is there itself: jobs
# also start behind jobs that Slurm has forgotten, or whose script never ran.${going(`merge ${place} --pass "$1"`)}`;
  const submit = `#!/bin/sh
# Submits what is not merged yet, up to the pass $1. Again after something failed: the jobs of the
# last time are cancelled, and what is there is not counted again.
set -eu
cd "$(dirname "$0")"
mkdir -p log # without it jobs fail without a word
${CANCEL}after=
jobs=
for pass in $(seq 1 "\${1:-${plan.passes}}"); do
  [ ! -e "../pass-$pass/merged/merged.json" ] || continue
  array=$(sbatch --parsable $after part.sbatch "$pass")
  array=\${array%%;*}
  # Each task by its name, so that the queue shows which one a merge waits for.
  tasks=
  for task in $(seq 1 ${count}); do tasks="$tasks:\${array}_$task"; done
  merge=$(sbatch --parsable --dependency="afterok$tasks" merge.sbatch "$pass")
  merge=\${merge%%;*}
  after=--dependency=afterok:$merge
  jobs="$jobs $array $merge"
  echo "$jobs" >jobs
  echo "pass $pass: tasks \${array}_1 to \${array}_${count}, merge $merge"
done
[ -n "$after" ] || exec ${run} merge ${place}
`;
  return new Map([
    ["slurm/part.sbatch", part],
    ["slurm/merge.sbatch", merge],
    ["slurm/submit.sh", submit],
    ["slurm/log/README", "What the jobs of ../submit.sh say.\n"],
  ]);
}
