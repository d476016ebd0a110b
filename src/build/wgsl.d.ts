declare module "*.wgsl?text" {
  const text: string;
  export default text;
}

declare module "*.wgsl?code" {
  const text: string;
  export default text;
}

declare module "*.wgsl?late=tiled" {
  const shader: import("../recording/shader").Shader;
  export default shader;
}

declare module "*.wgsl?fingerprint" {
  const fingerprint: string;
  export default fingerprint;
}

declare module "*.wgsl?late" {
  const shader: import("../recording/shader").Shader;
  export default shader;
}

declare module "*.wgsl?layout" {
  const shader: import("../recording/shader").Shader;
  export default shader;
}

declare module "*.wgsl" {
  const shader: import("../recording/shader").Shader;
  export default shader;
}

declare module "*/wgsl_reflect.module.js" {
  export * from "wgsl_reflect";
}
