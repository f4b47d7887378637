// What is computed at a time of a pixel's four channels: all, or (f32, 4 turns) one after the
// other, which is the same numbers by a quarter of the code. For software adapters: their compilers
// write a vec4f's code out number by number, and take longer than four times as long.
alias NUMBERS = vec4f;
const TURNS: u32 = 1;
