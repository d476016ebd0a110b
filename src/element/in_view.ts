/** Waiting for elements to be scrolled into view. One observer for all, so that they are heard in the page's order. */

const waiting = new Map<Element, () => void>();
let observer: IntersectionObserver | undefined;

/** Calls `then` once, when some of `element` can be seen. Replaces an earlier wait of the same element. */
export function onceInView(element: Element, then: () => void): void {
  observer ??= new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const seen = isIntersecting ? waiting.get(target) : undefined;
      if (!seen) continue;
      stopWaiting(target);
      seen();
    }
  });
  stopWaiting(element); // to observe anew tells of an element that is in view already
  waiting.set(element, then);
  observer.observe(element);
}

export function stopWaiting(element: Element): void {
  waiting.delete(element);
  observer?.unobserve(element);
}
