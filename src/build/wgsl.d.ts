declare module "*.wgsl" {
  const shader: import("../recording/shader").Shader;
  export default shader;
}

declare module "*/wgsl_reflect.module.js" {
  export * from "wgsl_reflect";
}
