#!/usr/bin/env bash
# TypeScript 7's DOM library describes WebGPU's objects by itself, but none of its constants: GPUBufferUsage, GPUMapMode,
# GPUShaderStage, GPUTextureUsage and GPUColorWrite are unknown names. @webgpu/types, which has them, describes the objects
# once more and differently: nearly two hundred errors in it where libraries are checked, none with skipLibCheck.
# Seen with typescript 7.0.2, 5.9.3 and @webgpu/types 0.1.74 on Node 20.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent five@npm:typescript@5.9.3 seven@npm:typescript@7.0.2 @webgpu/types@0.1.74 || exit 2
cat >page.ts <<'TS'
const adapter = await navigator.gpu.requestAdapter();
const device = await adapter!.requestDevice();
device.createBuffer({ size: 4, usage: 0x80 });
export {};
TS
cat >named.ts <<'TS'
console.log(GPUBufferUsage.STORAGE, GPUMapMode.READ, GPUShaderStage.COMPUTE, GPUTextureUsage.COPY_SRC, GPUColorWrite.ALL);
export {};
TS
# errors COMPILER TYPES SKIP FILE
errors() {
  local program=node_modules/$1/bin/tsc
  node "$program" --noEmit --strict --target es2022 --module esnext --moduleResolution bundler \
    --lib es2023,dom --types "$2" --skipLibCheck "$3" --pretty false "$4" | grep -c 'error TS' || true
}
bare=none-at-all
mkdir -p node_modules/@types/$bare && echo '{"name":"@types/none-at-all","types":"index.d.ts","version":"1.0.0"}' >node_modules/@types/$bare/package.json
echo 'export {};' >node_modules/@types/$bare/index.d.ts
five_bare=$(errors five $bare false page.ts) five_types=$(errors five @webgpu/types false page.ts)
five_named=$(errors five @webgpu/types false named.ts)
seven_bare=$(errors seven $bare false page.ts) seven_types=$(errors seven @webgpu/types false page.ts)
seven_skip=$(errors seven @webgpu/types true page.ts) seven_named=$(errors seven $bare false named.ts)
echo "errors in a page that makes a buffer, libraries checked:"
echo "  typescript 5.9.3: $five_bare without @webgpu/types, $five_types with 0.1.74"
echo "  typescript 7.0.2: $seven_bare without @webgpu/types, $seven_types with 0.1.74 ($seven_skip with skipLibCheck)"
echo "errors in one that names five constants of WebGPU:"
echo "  typescript 5.9.3: $five_named with @webgpu/types"
echo "  typescript 7.0.2: $seven_named without"
echo "Expected: constants beside the objects that take them, or declarations of both that go together."
[ "$five_bare" -gt 0 ] && [ "$five_types" -eq 0 ] && [ "$five_named" -eq 0 ] &&
  [ "$seven_bare" -eq 0 ] && [ "$seven_types" -gt 100 ] && [ "$seven_skip" -eq 0 ] && [ "$seven_named" -eq 5 ]
