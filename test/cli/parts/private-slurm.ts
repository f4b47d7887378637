import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** A Slurm of one node that runs on this machine for a test. */
export interface PrivateSlurm {
  /** With it the commands of Slurm talk to this one. */
  readonly env: NodeJS.ProcessEnv;
  /** What a command of Slurm, or another, says. */
  run(command: string, ...args: readonly string[]): string;
  /** Ends its jobs and daemons and removes all it made. */
  stop(): Promise<void>;
}

const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

/**
 * Starts munged, slurmctld and slurmd, with all they write in a folder of their own.
 * @throws where they are not installed (Debian: slurm-wlm and munge), or do not come up.
 */
export async function startSlurm(cpus: number): Promise<PrivateSlurm> {
  const folder = await mkdtemp(join(tmpdir(), "ganatomy-slurm-"));
  await chmod(folder, 0o755); // what munged demands on the way to its socket
  const daemons: ChildProcess[] = [];
  const conf = join(folder, "slurm.conf");
  const env: NodeJS.ProcessEnv = { ...process.env, PATH, SLURM_CONF: conf };
  const run = (command: string, ...args: readonly string[]): string =>
    execFileSync(command, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const daemon = (command: string, ...args: readonly string[]): void => {
    const child = spawn(command, args, { env, stdio: "ignore" });
    child.on("error", () => {}); // seen below: nothing comes up
    daemons.push(child);
  };
  const stop = async (): Promise<void> => {
    for (let i = 0; i < 100 && daemons.length > 1; i += 1) {
      try {
        if (i % 10 === 0) run("scancel", `--user=${userInfo().username}`);
        if (run("squeue", "--noheader").trim() === "") break;
      } catch {
        break; // the controller is gone
      }
      await setTimeout(100);
    }
    for (const child of daemons.reverse()) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(5000, undefined, { ref: false }).then(() => child.kill("SIGKILL"));
      await Promise.race([gone, late.then(() => gone)]);
    }
    await rm(folder, { recursive: true, force: true });
  };
  const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
    for (let i = 0; i < 300; i += 1) {
      if (await isSo()) return;
      await setTimeout(100);
    }
    throw new Error(`${what}: it did not come up. Are slurm-wlm and munge installed?`);
  };
  try {
    const [key, socket] = [join(folder, "munge.key"), join(folder, "munge", "socket")];
    await writeFile(key, randomBytes(1024), { mode: 0o400 });
    await mkdir(join(folder, "munge"), { mode: 0o711 });
    const its = (name: string): string => join(folder, "munge", name);
    daemon(
      "munged",
      ...["--foreground", `--key-file=${key}`, `--socket=${socket}`, `--pid-file=${its("pid")}`],
      ...[`--seed-file=${its("seed")}`, `--log-file=${its("log")}`, "--num-threads=1"],
    );
    await until("munged", () => readFile(its("pid")).then(Boolean, () => false));
    for (const name of ["state", "spool"]) await mkdir(join(folder, name));
    await writeFile(conf, await configuration(folder, socket, cpus));
    daemon("slurmctld", "-D", "-c");
    daemon("slurmd", "-D", "-N", "here");
    await until("Slurm", () => {
      try {
        return run("sinfo", "--noheader", "--format=%T").trim() === "idle";
      } catch {
        return false;
      }
    });
    return { env, run, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function configuration(folder: string, socket: string, cpus: number): Promise<string> {
  const user = userInfo().username;
  const [controller, node] = [await freePort(), await freePort()];
  return `${[
    "ClusterName=test",
    "SlurmctldHost=localhost(127.0.0.1)",
    `SlurmctldPort=${controller}`,
    `SlurmdPort=${node}`,
    `SlurmUser=${user}`,
    `SlurmdUser=${user}`,
    "AuthType=auth/munge",
    "CredType=cred/munge",
    `AuthInfo=socket=${socket}`,
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool`,
    `SlurmctldPidFile=${folder}/slurmctld.pid`,
    `SlurmdPidFile=${folder}/slurmd.pid`,
    `SlurmctldLogFile=${folder}/slurmctld.log`,
    `SlurmdLogFile=${folder}/slurmd.log`,
    `PlugStackConfig=${folder}/none`,
    // Without it a job is COMPLETED though its script never ran.
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "JobAcctGatherType=jobacct_gather/none",
    "MpiDefault=none",
    "SwitchType=switch/none",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_CPU",
    "SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=0",
    "ReturnToService=2",
    "KillWait=30",
    "MailProg=/bin/true",
    "SlurmdParameters=config_overrides",
    `NodeName=here NodeHostname=localhost NodeAddr=127.0.0.1 CPUs=${cpus} RealMemory=1000`,
    "PartitionName=all Nodes=here Default=YES MaxTime=INFINITE",
  ].join("\n")}\n`;
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
