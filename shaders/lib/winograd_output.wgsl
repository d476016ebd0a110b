// What the transforms back to Winograd's output share: what is added to a channel, and how a pixel of a tile is stored. The
// kernel has the bindings that this names.

// The bias and the time's share: the same for all pixels of a channel.
fn added_to(n: u32, image: u32) -> f32 {
  var added = 0.0;
  if (params.has_bias > 0) {
    added += vectors[4 * params.bias_start + n];
  }
  if (params.conditions > 0) {
    let row = position[0] * params.conditions + position[4 + image];
    added += table[4 * (row * params.table_columns + params.table_start) + n];
  }
  return added;
}

// A tile at the edge may reach beyond the picture.
fn store_pixel(tile: Tile, dy: i32, dx: i32, n: u32, value: f32) {
  let row = u32(tile.y + dy);
  let column = u32(tile.x + dx);
  if (row >= params.out_height || column >= params.out_width) {
    return;
  }
  let at = ((tile.image * params.out_height + row) * params.out_width + column) * 4 * params.out_channels + n;
  var result = value;
  if (params.has_residual > 0) {
    result += residual[at];
  }
  y[at] = result * params.scale;
}
