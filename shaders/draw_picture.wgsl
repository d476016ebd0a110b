// draw_picture: a batch of pictures on a canvas, side by side, nearest neighbour.
//
//   colour = x / 2 + 1/2 at the picture's pixel that lies under the canvas's; the target clamps and rounds
//
// Shapes    x: (B, H, W, C), C = 1 grey, 3 or more RGB
// Layout    VECTORS vec4 per pixel, of which the first is drawn
// Dispatch  a render pass of three corners: one triangle covers the viewport, `main` runs once per canvas pixel
// Cost      reads one vec4 per canvas pixel
// Host      src/runtime/canvas.ts      Test  test/browser/canvas.test.ts

struct Params {
  width: u32,
  height: u32,
  columns: u32, // pictures side by side
  rows: u32,
  first: u32, // the picture at the top left
  count: u32,
  channels: u32,
  vectors: u32, // per pixel
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;

struct Corner {
  @builtin(position) position: vec4f,
  @location(0) at: vec2f, // (0, 0) at the top left of the viewport, (1, 1) at the bottom right
}

@vertex
fn corner(@builtin(vertex_index) index: u32) -> Corner {
  let at = vec2f(f32(index & 1), f32(index >> 1)) * 2;
  return Corner(vec4f(2 * at.x - 1, 1 - 2 * at.y, 0, 1), at);
}

@fragment
fn main(corner: Corner) -> @location(0) vec4f {
  let size = vec2u(params.width, params.height);
  let sheet = size * vec2u(params.columns, params.rows);
  let pixel = min(vec2u(corner.at * vec2f(sheet)), sheet - 1);
  let cell = pixel / size;
  let inside = pixel % size;
  let picture = cell.y * params.columns + cell.x;
  if (picture >= params.count) {
    return vec4f(0); // the last row of a sheet may have empty places
  }
  let index = ((params.first + picture) * params.height + inside.y) * params.width + inside.x;
  let shade = x[index * params.vectors];
  return vec4f(select(shade.rgb, shade.rrr, params.channels < 3) / 2 + 0.5, 1);
}
