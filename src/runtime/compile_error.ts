/** What a compiler says of WGSL that it refuses. */
import { ShaderError } from "../tensor/check";

/** One complaint of the compiler; line and column count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** WGSL that the compiler refuses. */
export class CompileError extends ShaderError {
  override name = "CompileError";
  /** Empty where the text is well-formed and the pipeline is refused for another reason, which the message gives. */
  readonly problems: readonly Problem[];

  constructor(message: string, problems: readonly Problem[]) {
    super(message);
    this.problems = problems;
  }
}

export async function compileError(where: string, module: GPUShaderModule, cause: unknown): Promise<CompileError> {
  const { messages } = await module.getCompilationInfo();
  const problems = messages
    .filter(({ type }) => type === "error")
    .map(({ lineNum, linePos, message }) => ({ line: lineNum, column: linePos, message }));
  const lines = problems.map(({ line, column, message }) => `  ${where}:${line}:${column} ${message}`);
  if (lines.length === 0) lines.push(`  ${cause instanceof Error ? cause.message : String(cause)}`);
  return new CompileError([`${where} does not compile`, ...lines].join("\n"), problems);
}
