/** WGSL cut into tokens for colouring; every character of the text is in exactly one of them. */

export type TokenKind = "comment" | "keyword" | "type" | "builtin" | "number" | "attribute" | "name" | "other";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const KEYWORDS = new Set(
  (
    "alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let " +
    "loop override requires return struct switch true var while uniform storage workgroup private function read write read_write"
  ).split(" "),
);

const TYPES = /^(?:bool|[fiu](?:16|32)|vec[234][fiuh]?|mat[234]x[234][fh]?|array|atomic|ptr|sampler|texture_\w+)$/;

const BUILTINS = new Set(
  (
    "abs acos all any arrayLength atan atomicAdd atomicLoad atomicMax atomicStore bitcast ceil clamp cos countLeadingZeros " +
    "cross degrees distance dot dot4I8Packed dot4U8Packed exp exp2 extractBits floor fma fract inverseSqrt ldexp length log " +
    "log2 max min mix modf normalize pack2x16float pow reverseBits round saturate select sign sin smoothstep sqrt step " +
    "storageBarrier subgroupAdd subgroupBroadcast subgroupMax subgroupShuffle subgroupShuffleXor tan tanh transpose trunc " +
    "unpack2x16float unpack4x8snorm unpack4xI8 unpack4xU8 workgroupBarrier workgroupUniformLoad"
  ).split(" "),
);

// Comments nest in WGSL, which no regular expression follows; block comments end at the first */ here.
const PATTERN =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<attribute>@\w+)|(?<number>0[xX][\da-fA-F]+[iu]?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fhiu]?)|(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<other>[\s\S])/gu;

export function tokensOf(code: string): Token[] {
  const tokens: Token[] = [];
  let other = "";
  for (const match of code.matchAll(PATTERN)) {
    const { comment, attribute, number, name } = match.groups!;
    if (match.groups!.other !== undefined) {
      other += match[0];
      continue;
    }
    if (other) tokens.push({ kind: "other", text: other });
    other = "";
    const kind = comment ? "comment" : attribute ? "attribute" : number ? "number" : kindOfName(name!);
    tokens.push({ kind, text: match[0] });
  }
  if (other) tokens.push({ kind: "other", text: other });
  return tokens;
}

function kindOfName(name: string): TokenKind {
  if (KEYWORDS.has(name)) return "keyword";
  if (TYPES.test(name)) return "type";
  return BUILTINS.has(name) ? "builtin" : "name";
}
