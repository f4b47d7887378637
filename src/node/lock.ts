import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync, rmSync } from "node:fs";
import { link, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { OutputError } from "../errors.ts";
import { parseJson } from "../weights/json.ts";
import { OUTDIR, refused } from "./file-errors.ts";
import { readText } from "./regular-file.ts";
import { temporaryName } from "./write-whole.ts";

/** The file that a live run keeps in the folder it writes. */
export const LOCK = ".ganatomy.lock";

/** Milliseconds between two signs of life. */
const BEAT = 10_000;
/**
 * Milliseconds without one after which a run is taken for dead that nobody here can ask for: on
 * another machine, or before this one started anew. Network disks show a file's time up to a minute
 * late.
 */
const SILENCE = 120_000;
/** Milliseconds for which a lock that was seen to be ours is taken to be so. */
const SEEN = 1000;

/** Who holds a lock. */
interface Holder {
  readonly host: string;
  /** Of one start of one machine, and one space of process numbers on it, where it can be told. */
  readonly machine: string;
  readonly pid: number;
  /** When the process started, in the system's own words: numbers of processes are given again. */
  readonly started: string;
  /** ISO 8601. */
  readonly since: string;
  readonly token: string;
}

/** A folder as the user calls it, and how one gets another. */
interface Named {
  readonly shown: string;
  readonly elsewhere: string;
}

/** Locks to be removed however this program ends, short of being killed. */
const live = new Set<FolderLock>();
let isHooked = false;

/**
 * A folder that one run alone writes into. The lock is a file: it appears with its content or not
 * at all, is touched every ten seconds, and goes when the run ends. One that a killed run left is
 * recognised by its process, which is gone or another, or, where that cannot be asked, by two
 * minutes of silence on the disk's own clock.
 */
export class FolderLock {
  readonly #path: string;
  readonly #named: Named;
  readonly #holder: Holder;
  readonly #beat: NodeJS.Timeout;
  #isHeld = true;
  #seen = performance.now();

  private constructor(root: string, named: Named, holder: Holder) {
    this.#path = join(root, LOCK);
    this.#named = named;
    this.#holder = holder;
    this.#beat = setInterval(() => void this.#touch().catch(() => {}), BEAT);
    this.#beat.unref();
    live.add(this);
    if (isHooked) return;
    isHooked = true;
    process.on("exit", () => {
      for (const lock of live) lock.release();
    });
  }

  /**
   * Takes the lock of a folder. `shown` is the folder as the user calls it, `elsewhere` how one
   * gets another.
   *
   * @throws OutputError saying who holds it.
   */
  static async take(root: string, shown: string, elsewhere = OUTDIR): Promise<FolderLock> {
    const path = join(root, LOCK);
    const holder = self();
    const named = { shown, elsewhere };
    for (let attempt = 0; attempt < 20; attempt += 1) {
      if (await create(root, path, JSON.stringify(holder), elsewhere)) return new FolderLock(root, named, holder);
      const held = await holderOf(path, elsewhere);
      if (held === "gone") continue;
      if (!(await isDead(root, path, held, elsewhere))) throw inUse(named, path, held);
      await removeStale(root, path, held);
    }
    throw inUse(named, path, undefined);
  }

  /**
   * @throws OutputError when another run took the folder since, which takes a program for dead that
   *   was stopped for minutes on another machine.
   */
  async check(): Promise<void> {
    if (!this.#isHeld || performance.now() - this.#seen < SEEN) return;
    const held = await holderOf(this.#path, this.#named.elsewhere);
    if (held !== "gone" && held?.token === this.#holder.token) {
      this.#seen = performance.now();
      return;
    }
    if (held !== "gone") throw inUse(this.#named, this.#path, held);
    throw new OutputError(
      `The lock of "${this.#named.shown}", ${this.#path}, was removed while this run wrote there.`,
      "Run it again, and leave the locks of runs that live: another run could have taken the folder.",
    );
  }

  /** Lets others have the folder. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    clearInterval(this.#beat);
    live.delete(this);
    try {
      if (parse(readFileSync(this.#path, "utf8"))?.token === this.#holder.token) rmSync(this.#path);
    } catch {
      // It is gone, or the disk is: others will see that nobody holds it.
    }
  }

  /** Writes the same again, which gives the file the disk's own time. */
  async #touch(): Promise<void> {
    const file = await open(this.#path, "r+");
    try {
      if (parse(await file.readFile("utf8"))?.token !== this.#holder.token) return;
      await file.write(JSON.stringify(this.#holder), 0);
    } finally {
      await file.close();
    }
  }
}

/** Makes the lock with its content; false where there is one. */
async function create(root: string, path: string, content: string, elsewhere: string): Promise<boolean> {
  const temporary = join(root, temporaryName());
  const failed = (cause: unknown): false => {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cause;
  };
  try {
    await writeFile(temporary, content, { flag: "wx" });
    return await link(temporary, path).then(
      () => true,
      (cause) =>
        // on disks without links
        /^(?:EPERM|ENOSYS|ENOTSUP|EOPNOTSUPP|EMLINK|EACCES)$/.test(cause.code)
          ? writeFile(path, content, { flag: "wx" }).then(() => true, failed)
          : failed(cause),
    );
  } catch (cause) {
    return refused(path, cause, elsewhere);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** Who holds a lock; "gone" where there is none, undefined where it does not say. */
async function holderOf(path: string, elsewhere?: string): Promise<Holder | "gone" | undefined> {
  const text = await readText(path, (cause) => {
    if (cause.code === "ENOENT") return undefined;
    return refused(path, cause, elsewhere);
  });
  return text === undefined ? "gone" : parse(text);
}

/** Whether the run that holds a lock is over. */
async function isDead(root: string, path: string, held: Holder | undefined, elsewhere: string): Promise<boolean> {
  const own = self();
  if (held && held.host === own.host && held.machine === own.machine) {
    const started = startOf(held.pid);
    if (started === undefined) return true;
    // Where the system says when a process started, it is the same one: it may sleep as it likes.
    if (started !== "") return started !== held.started;
  }
  const probe = join(root, temporaryName());
  try {
    await writeFile(probe, "", { flag: "wx" });
    const [now, then] = await Promise.all([stat(probe), stat(path).catch(() => undefined)]);
    return then !== undefined && now.mtimeMs - then.mtimeMs > SILENCE;
  } catch (cause) {
    return refused(path, cause, elsewhere);
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}

/** Removes a dead run's lock, and no other that took its place meanwhile. */
async function removeStale(root: string, path: string, held: Holder | undefined): Promise<void> {
  const aside = join(root, temporaryName());
  try {
    await rename(path, aside);
  } catch {
    return; // somebody else was faster
  }
  const found = await holderOf(aside);
  if (found !== "gone" && found?.token !== held?.token) await link(aside, path).catch(() => {});
  await rm(aside, { force: true }).catch(() => {});
}

function inUse({ shown, elsewhere }: Named, path: string, held: Holder | undefined): OutputError {
  const who = !held
    ? "another run"
    : held.token.length > 0 && held.pid === process.pid && held.machine === self().machine
      ? "this program itself"
      : `process ${held.pid} on ${held.host}, since ${held.since}`;
  return new OutputError(
    `"${shown}" is being written by ${who}.`,
    `Wait until it is done, or ${elsewhere}. (${isHere(held) ? "" : "One that crashed there is taken for over after two minutes of silence. "}If nothing runs there, remove ${path}.)`,
  );
}

/** Whether this machine can be asked whether the run lives. */
const isHere = (held: Holder | undefined): boolean => held !== undefined && held.machine === self().machine;

function self(): Holder {
  return {
    // as it may be read again
    host:
      hostname()
        .replace(/[^\w.-]/g, "_")
        .slice(0, 200) || "_",
    machine: machine(),
    pid: process.pid,
    started: startOf(process.pid) ?? "",
    since: new Date().toISOString(),
    token: randomUUID(),
  };
}

/** Empty where the system does not say. */
function machine(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}

/**
 * When a process of this machine started: undefined where there is none, empty where the system
 * does not say when.
 */
function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    // behind the name, which may hold anything: the state, and 19 fields on the start
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : (fields[19] ?? "");
  } catch {
    return "";
  }
}

/** The lock's content, of which only what is as it should be counts. */
function parse(text: string): Holder | undefined {
  try {
    const { host, machine, pid, started, since, token } = parseJson(text) as Record<string, unknown>;
    const told = [host, machine, started, since, token].every((part) => typeof part === "string" && part.length < 300);
    if (!told || !Number.isSafeInteger(pid) || (pid as number) <= 0) return undefined;
    // they are shown
    if (!/^[\w.-]+$/.test(host as string) || !/^[\dTZ:.-]+$/.test(since as string)) return undefined;
    return { host, machine, pid, started, since, token } as Holder;
  } catch {
    return undefined;
  }
}
