import type { PickleMachine } from "./pickle-machine.ts";
import { damaged, isBuildable, Payload, PickledName, PickledObject } from "./pickle-values.ts";

// Tests: test/weights/pth.test.ts, test/weights/hostile.test.ts

type Step = (machine: PickleMachine) => void;

/**
 * What each pickle opcode does: those that Python's picklers write with protocols 2 to 5. Objects
 * of named classes stay inert. Left out are numbered extensions (EXT), whose names are not in the
 * file, and the text forms of protocol 0.
 */
export const OPCODES: Readonly<Record<number, Step>> = {
  // Framing and stack.
  /* PROTO */ 128: (m) => checkProtocol(m.byte()),
  /* FRAME: a hint for buffered readers */ 149: (m) => void m.uint64(),
  /* STOP */ 46: (m) => {
    m.stopped = true;
  },
  /* MARK */ 40: (m) => m.mark(),
  /* POP */ 48: (m) => void m.pop(),
  /* POP_MARK */ 49: (m) => void m.popMark(),
  /* DUP */ 50: (m) => m.push(m.top()),

  // Scalars.
  /* NONE */ 78: (m) => m.push(null),
  /* NEWTRUE */ 136: (m) => m.push(true),
  /* NEWFALSE */ 137: (m) => m.push(false),
  /* BININT */ 74: (m) => m.push(m.int32()),
  /* BININT1 */ 75: (m) => m.push(m.byte()),
  /* BININT2 */ 77: (m) => m.push(m.uint16()),
  /* LONG1 */ 138: (m) => m.push(longInteger(m.bytes(m.byte()))),
  /* LONG4 */ 139: (m) => m.push(longInteger(m.bytes(m.uint32()))),
  /* BINFLOAT */ 71: (m) => m.push(m.float64()),

  // Strings and bytes.
  /* SHORT_BINSTRING */ 85: (m) => m.push(m.byteText(m.byte())),
  /* BINSTRING */ 84: (m) => m.push(m.byteText(m.uint32())),
  /* SHORT_BINUNICODE */ 140: (m) => m.push(m.text(m.byte())),
  /* BINUNICODE */ 88: (m) => m.push(m.text(m.uint32())),
  /* BINUNICODE8 */ 141: (m) => m.push(m.text(m.uint64())),
  /* SHORT_BINBYTES */ 67: (m) => m.push(m.bytes(m.byte())),
  /* BINBYTES */ 66: (m) => m.push(m.bytes(m.uint32())),
  /* BINBYTES8 */ 142: (m) => m.push(m.bytes(m.uint64())),
  /* BYTEARRAY8 */ 150: (m) => m.push(m.bytes(m.uint64())),

  // Containers.
  /* EMPTY_LIST */ 93: (m) => m.push(m.container([])),
  /* APPEND */ 97: (m) => append(m, [m.pop()]),
  /* APPENDS */ 101: (m) => append(m, m.popMark()),
  /* LIST */ 108: (m) => m.push(m.container(m.popMark())),
  /* EMPTY_TUPLE */ 41: (m) => m.push(m.container([])),
  /* TUPLE */ 116: (m) => m.push(m.container(m.popMark())),
  /* TUPLE1 */ 133: (m) => pushTuple(m, 1),
  /* TUPLE2 */ 134: (m) => pushTuple(m, 2),
  /* TUPLE3 */ 135: (m) => pushTuple(m, 3),
  /* EMPTY_DICT */ 125: (m) => m.push(m.container(new Map())),
  /* DICT */ 100: (m) => {
    const items = m.popMark();
    m.push(m.container(new Map()));
    setItems(m, items);
  },
  /* SETITEM */ 115: (m) => setItems(m, [m.pop(), m.pop()].reverse()),
  /* SETITEMS */ 117: (m) => setItems(m, m.popMark()),
  /* EMPTY_SET */ 143: (m) => m.push(m.container(new Set())),
  /* ADDITEMS */ 144: (m) => addItems(m, m.popMark()),
  /* FROZENSET */ 145: (m) => {
    const items = m.popMark();
    m.items(items.length);
    m.push(m.container(new Set(items)));
  },

  // Memo: what makes shared values shared.
  /* BINPUT */ 113: (m) => m.remember(m.byte()),
  /* LONG_BINPUT */ 114: (m) => m.remember(m.uint32()),
  /* MEMOIZE */ 148: (m) => m.remember(m.memo.size),
  /* BINGET */ 104: (m) => m.push(m.recall(m.byte())),
  /* LONG_BINGET */ 106: (m) => m.push(m.recall(m.uint32())),

  // Names from the vocabulary.
  /* GLOBAL */ 99: (m) => m.push(m.global(m.line(), m.line())),
  /* STACK_GLOBAL */ 147: (m) => {
    const [name, module] = [m.pop(), m.pop()];
    if (typeof name !== "string" || typeof module !== "string") throw damaged("a global is named by something else");
    m.push(m.global(module, name));
  },
  /* REDUCE */ 82: call,
  /* NEWOBJ */ 129: call,
  /* NEWOBJ_EX: with keywords, which nothing known here needs */ 146: (m) => {
    m.pop();
    call(m);
  },
  /* INST */ 105: (m) => {
    const callee = m.global(m.line(), m.line());
    m.push(m.call(callee, m.popMark()));
  },
  /* OBJ */ 111: (m) => {
    const [callee, ...args] = m.popMark();
    m.push(m.call(callee, args));
  },
  /* BUILD */ 98: (m) => build(m.pop(), m.top()),
  /* BINPERSID */ 81: (m) => m.push(m.vocabulary.persistentLoad(m.pop())),
};

function checkProtocol(protocol: number): void {
  if (protocol > 5) throw damaged(`it has protocol ${protocol}, which does not exist`);
}

function call(machine: PickleMachine): void {
  const args = machine.pop();
  machine.push(machine.call(machine.pop(), args));
}

function pushTuple(machine: PickleMachine, length: number): void {
  const tuple = Array.from({ length }, () => machine.pop());
  machine.push(machine.container(tuple.reverse()));
}

/** Attributes: of a dict, such as a state dict's `_metadata`, nothing that weights need. */
function build(state: unknown, value: unknown): void {
  if (isBuildable(value)) value.build(state);
  else if (value instanceof PickledObject) value.state = state;
  else if (Array.isArray(value) || value instanceof PickledName || typeof value !== "object" || value === null) {
    throw damaged("it sets attributes on something that has none");
  }
}

function append(machine: PickleMachine, items: readonly unknown[]): void {
  const top = machine.top();
  if (top instanceof PickledObject) top.items ??= machine.container([]);
  const list = top instanceof PickledObject ? top.items : top;
  if (!Array.isArray(list)) throw damaged("it appends to something that is no list");
  for (const item of items) list.push(item);
}

function setItems(machine: PickleMachine, items: readonly unknown[]): void {
  const top = machine.top();
  if (top instanceof PickledObject) top.entries ??= machine.container(new Map());
  const dict = top instanceof PickledObject ? top.entries : top;
  if (!(dict instanceof Map)) throw damaged("it sets items of something that is no dict");
  if (items.length % 2 !== 0) throw damaged("a dict has a key without a value");
  machine.items(items.length / 2);
  for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
}

function addItems(machine: PickleMachine, items: readonly unknown[]): void {
  const set = machine.top();
  if (set instanceof PickledObject) append(machine, items);
  else if (set instanceof Set) {
    machine.items(items.length);
    for (const item of items) set.add(item);
  } else throw damaged("it adds to something that is no set");
}

/** Longest integer worth decoding; building a bigint takes time quadratic in its length. */
const MAX_INTEGER_BYTES = 255;

/** A little-endian two's complement integer: a number where that is exact, otherwise a bigint. */
function longInteger(bytes: Uint8Array | Payload): number | bigint {
  if (bytes instanceof Payload || bytes.length > MAX_INTEGER_BYTES)
    throw damaged(`it has an integer of ${bytes.length} bytes`);
  let value = 0n;
  for (const [i, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * i);
  value = BigInt.asIntN(8 * bytes.length, value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
