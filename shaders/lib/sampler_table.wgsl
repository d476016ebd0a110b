// How a sampler's table lies in memory: a header, then one record per row, as src/schedulers/pack.ts packs them.
// The kernel that includes this file declares `table: array<vec4u>`; floats are stored as their bits. Four words are
// read at once: software adapters pay for every load that they compile.

const HEADER_VECTORS = 4u;
const ROW_VECTORS = 13u;

// Words of the header.
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

// Vectors of a row after its numbers: what the next state and the two written slots take from x, x0, eps and noise;
// then, for each slot, what those three take from it.
const ROW_NEXT = 4u;
const ROW_FIRST_WRITE = 5u;
const ROW_SECOND_WRITE = 6u;
const ROW_SLOTS = 7u;

const NO_DRAW = 0xffffffffu;
const VARIANCE_FIXED = 0u;
const VARIANCE_LEARNED = 1u;

// The numbers of a row, by the names of src/schedulers/table.ts.
struct Row {
  timestep: f32,
  input_scale: f32,
  x0_x: f32,
  x0_output: f32,
  eps_x: f32,
  eps_output: f32,
  eps_x0: f32,
  clip: f32,
  draw: u32,
  first_slot: u32,
  second_slot: u32,
  log_variance: vec2f,
  alpha: f32,
  sigma: f32,
}

fn table_word(word: u32) -> u32 {
  return table[word / 4u][word % 4u];
}

fn table_float(word: u32) -> f32 {
  return bitcast<f32>(table_word(word));
}

fn table_vector(index: u32) -> vec4f {
  return bitcast<vec4f>(table[index]);
}

// First vector of row `index`; beyond the end, of the last one.
fn row_start(index: u32) -> u32 {
  return HEADER_VECTORS + min(index, table_word(ROWS) - 1u) * ROW_VECTORS;
}

fn row_at(start: u32) -> Row {
  let seen = table_vector(start);
  let noise = table_vector(start + 1u);
  let indices = table[start + 2u];
  let level = table_vector(start + 3u);
  return Row(
    seen.x, seen.y, seen.z, seen.w, noise.x, noise.y, noise.z, noise.w,
    indices.x, indices.y, indices.z, level.xy, level.z, level.w,
  );
}

// What the network's next input is multiplied with; after the last row nothing is asked of it.
fn next_input_scale(index: u32) -> f32 {
  if (index + 1u >= table_word(ROWS)) {
    return 1.0;
  }
  return table_vector(row_start(index + 1u)).y;
}

// Classifier-free guidance (Ho & Salimans 2022, eq. 6, with the scale counted as Imagen counts it: 1 is no guidance).
fn guide(conditional: vec4f, unconditional: vec4f) -> vec4f {
  return unconditional + table_float(GUIDANCE_SCALE) * (conditional - unconditional);
}

// Element `index` of `image` (of `size` elements in NCHW order) of draw `draw`: from one stream for the whole batch, or
// from a stream per image, keyed seed + image.
fn static_element(draw: u32, image: u32, index: u32, images: u32, size: u32) -> f32 {
  let seed = vec2u(table_word(SEED_LOW), table_word(SEED_HIGH));
  let number = table_word(FIRST_DRAW) + draw;
  if (table_word(STREAM_PER_IMAGE) == 1u) {
    let low = seed.x + image;
    let key = vec2u(low, seed.y + select(0u, 1u, low < seed.x));
    return normal_element(key, number, index, size, table_word(LANES));
  }
  return normal_element(seed, number, image * size + index, images * size, table_word(LANES));
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
fn learned_deviation(log_variance: vec2f, predicted: f32) -> f32 {
  if (table_word(VARIANCE) == VARIANCE_LEARNED) {
    return sqrt(predicted);
  }
  return exp(0.5 * mix(log_variance.x, log_variance.y, (predicted + 1.0) / 2.0));
}
