// The package declares its root only, which is CommonJS in an ES module's clothes; the module
// beside it has no types.
declare module "wgsl_reflect/wgsl_reflect.module.js" {
  export * from "wgsl_reflect";
}
