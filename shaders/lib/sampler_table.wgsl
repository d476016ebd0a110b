// How a sampler's table lies in memory: a header, then one record per row, as src/schedulers/pack.ts packs them.
// The kernel that includes this file declares `table: array<u32>`; floats are stored as their bits.

const HEADER_WORDS = 16u;
const ROW_WORDS = 48u;

// Header.
const ROWS = 0u;
const SEED_LOW = 1u;
const SEED_HIGH = 2u;
const STREAM_PER_IMAGE = 3u;
const LANES = 4u;
const FIRST_DRAW = 5u;
const GUIDANCE_SCALE = 6u;
const GUIDANCE_RESCALE = 7u;
const INITIAL_SCALE = 8u;
const THRESHOLD_RATIO = 9u;
const THRESHOLD_MAX = 10u;
const VARIANCE = 11u;

// Row.
const ROW_TIMESTEP = 0u;
const ROW_INPUT_SCALE = 1u;
const ROW_X0_X = 2u;
const ROW_X0_OUTPUT = 3u;
const ROW_EPS_X = 4u;
const ROW_EPS_OUTPUT = 5u;
const ROW_EPS_X0 = 6u;
const ROW_CLIP = 7u;
const ROW_DRAW = 8u;
const ROW_LOG_VARIANCE_MIN = 9u;
const ROW_LOG_VARIANCE_MAX = 10u;
const ROW_FIRST_SLOT = 11u;
const ROW_SECOND_SLOT = 12u;
const ROW_ALPHA = 13u;
const ROW_SIGMA = 14u;
const ROW_NEXT = 16u;
const ROW_FIRST_WRITE = 26u;
const ROW_SECOND_WRITE = 36u;

const NO_DRAW = 0xffffffffu;
const VARIANCE_FIXED = 0u;
const VARIANCE_LEARNED = 1u;

fn table_float(word: u32) -> f32 {
  return bitcast<f32>(table[word]);
}

// First word of row `index`; beyond the end, of the last one.
fn row_start(index: u32) -> u32 {
  return HEADER_WORDS + min(index, table[ROWS] - 1u) * ROW_WORDS;
}

// What the network's next input is multiplied with; after the last row nothing is asked of it.
fn next_input_scale(index: u32) -> f32 {
  if (index + 1u >= table[ROWS]) {
    return 1.0;
  }
  return table_float(row_start(index + 1u) + ROW_INPUT_SCALE);
}

// Classifier-free guidance (Ho & Salimans 2022, eq. 6, with the scale counted as Imagen counts it: 1 is no guidance).
fn guide(conditional: vec4f, unconditional: vec4f) -> vec4f {
  return unconditional + table_float(GUIDANCE_SCALE) * (conditional - unconditional);
}

// Element `index` of `image` (of `size` elements in NCHW order) of draw `draw`: from one stream for the whole batch, or
// from a stream per image, keyed seed + image.
fn static_element(draw: u32, image: u32, index: u32, images: u32, size: u32) -> f32 {
  let seed = vec2u(table[SEED_LOW], table[SEED_HIGH]);
  let number = table[FIRST_DRAW] + draw;
  if (table[STREAM_PER_IMAGE] == 1u) {
    let low = seed.x + image;
    let key = vec2u(low, seed.y + select(0u, 1u, low < seed.x));
    return normal_element(key, number, index, size, table[LANES]);
  }
  return normal_element(seed, number, image * size + index, images * size, table[LANES]);
}

// Four channels of draw 0, at vec4 `element` of an NHWC tensor; the padding is zero.
fn static_at(element: u32, images: u32, pixels: u32, channels: u32) -> vec4f {
  let groups = (channels + 3u) / 4u;
  let group = element % groups;
  let pixel = (element / groups) % pixels;
  let image = element / (groups * pixels);
  var noise = vec4f(0.0);
  for (var lane = 0u; lane < min(4u, channels - 4u * group); lane++) {
    noise[lane] = static_element(0u, image, (4u * group + lane) * pixels + pixel, images, channels * pixels);
  }
  return noise;
}

// Standard deviation of the noise where the network predicts its variance: directly, or as a place between two
// logarithms (Nichol & Dhariwal 2021, eq. 15).
fn learned_deviation(row: u32, predicted: f32) -> f32 {
  if (table[VARIANCE] == VARIANCE_LEARNED) {
    return sqrt(predicted);
  }
  let share = (predicted + 1.0) / 2.0;
  return exp(0.5 * mix(table_float(row + ROW_LOG_VARIANCE_MIN), table_float(row + ROW_LOG_VARIANCE_MAX), share));
}
