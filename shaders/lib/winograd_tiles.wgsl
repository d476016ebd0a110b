// Where Winograd's tiles lie in the output.

// The tile's first output row and column, and its image.
struct Tile {
  y: i32,
  x: i32,
  image: u32,
}

// Tile `t` of squares of `size` output pixels.
fn tile_of(t: u32, size: u32) -> Tile {
  let columns = (params.out_width + size - 1) / size;
  let rows = (params.out_height + size - 1) / size;
  let row = t / columns;
  return Tile(i32(row % rows * size), i32(t % columns * size), row / rows);
}
