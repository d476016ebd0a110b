/** What a view is to the page around it. Each lives in a folder of its own; `views.ts` lists them. */
import type { SharedModel } from "./model";

export interface View {
  readonly element: HTMLElement;
  /** Called once, when `element` is in the page. What it throws is shown in the view's place. */
  open(): Promise<void>;
  /** Called once, when the visitor leaves: ends all work and frees what the view holds. */
  destroy(): void;
}

/** What the page gives to a view. */
export interface Site {
  readonly model: SharedModel;
  /** What the address says after the view's name. */
  readonly options: URLSearchParams;
}

/** A view's entry in the page's navigation. */
export interface ViewEntry {
  /** Its name in the address. */
  readonly id: string;
  /** Its name in the navigation. */
  readonly name: string;
  readonly title: string;
  /** One or two sentences for someone who has never heard of any of this. */
  readonly lead: string;
  /** Fetches the view's code and makes it; may wait for the model, which the page then says. */
  readonly create: (site: Site) => Promise<View>;
}
