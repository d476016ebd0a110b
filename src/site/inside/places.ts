/** A place in a picture, chosen by pointer or by arrow keys. */

export type Place = readonly [y: number, x: number];

const MOVES: Readonly<Record<string, Place>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * Hears which of the `height` x `width` places that `element` shows is pointed at.
 * @param grid what is shown now; undefined while there is nothing to choose
 */
export function onPlace(
  element: HTMLElement,
  grid: () => { readonly height: number; readonly width: number } | undefined,
  now: () => Place,
  choose: (place: Place) => void,
): void {
  const to = (y: number, x: number) => {
    const shown = grid();
    if (!shown) return;
    choose([Math.max(0, Math.min(shown.height - 1, y)), Math.max(0, Math.min(shown.width - 1, x))]);
  };
  const point = ({ offsetX, offsetY }: MouseEvent) => {
    const { height = 1, width = 1 } = grid() ?? {};
    to(Math.floor((offsetY / element.clientHeight) * height), Math.floor((offsetX / element.clientWidth) * width));
  };
  element.addEventListener("click", point);
  element.addEventListener("pointermove", point);
  element.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    const [y, x] = now();
    to(y + move[0], x + move[1]);
  });
}
